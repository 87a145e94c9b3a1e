// Reads a prompt's text as a script. Pure.
//
//   [[say hello]] ignored text [[repeat 2]] [[sleep 10]] [[end]]
//
// Within a directive `\n` `\t` `\\` `\|` `\]` stand for themselves; in shell commands and paths
// only `\]` does, because the shell has its own use for a backslash.
import { isMisbehaviour, misbehaviours } from './switches.ts';
import type { Misbehaviour } from './switches.ts';

export type Tool =
  | { readonly do: 'write'; readonly path: string; readonly content: string }
  | { readonly do: 'edit'; readonly path: string; readonly old: string; readonly new: string }
  | { readonly do: 'read'; readonly path: string }
  | { readonly do: 'run'; readonly command: string };

export interface Question {
  readonly text: string;
  /** None means that any text may be the answer. */
  readonly choices: readonly string[];
}

/** A field of a form as the protocol describes it, by its name. */
export interface Field {
  readonly name: string;
  readonly schema: { readonly [key: string]: unknown };
}

export type Step =
  | Tool
  /** Several are asked about at the same time. */
  | { readonly do: 'ask'; readonly tools: readonly Tool[] }
  | { readonly do: 'form'; readonly text: string; readonly fields: readonly Field[] }
  | { readonly do: 'page'; readonly url: string; readonly text: string }
  | { readonly do: 'withdraw'; readonly nth: number; readonly ms: number }
  | { readonly do: 'say' | 'think' | 'disguise' | 'title'; readonly text: string }
  | { readonly do: 'long'; readonly length: number; readonly seed: number }
  | { readonly do: 'pace' | 'sleep'; readonly ms: number }
  | { readonly do: 'chunk'; readonly length: number }
  | { readonly do: 'question'; readonly questions: readonly Question[]; readonly together: boolean }
  | { readonly do: 'plan'; readonly entries: readonly string[] }
  | { readonly do: 'usage'; readonly input: number; readonly output: number }
  | { readonly do: 'cost'; readonly amount: number }
  | { readonly do: 'image' | 'hang' | 'refuse' | 'max_tokens' | 'crash' | 'settings' }
  | { readonly do: 'fail'; readonly code: number; readonly message: string; readonly kind?: string }
  | { readonly do: 'repeat'; readonly times: number; readonly body: readonly Step[] }
  | { readonly do: 'exit'; readonly code: number }
  | { readonly do: 'agentturn'; readonly ms: number; readonly text: string }
  | { readonly do: 'misbehave'; readonly name: Misbehaviour }
  | { readonly do: 'hugeline'; readonly mebibytes: number }
  | { readonly do: 'flood'; readonly mebibytes: number; readonly newlines: boolean }
  | { readonly do: 'daemon'; readonly seconds: number; readonly traits: readonly DaemonTrait[] }
  /** A directive that cannot be followed; the agent says so and goes on. */
  | { readonly do: 'invalid'; readonly source: string; readonly reason: string };

/** Questions that are asked at the same time. */
const mostAtOnce = 1000;

/** `stdout`: holds our stdout open. `scrub`: empty environment. `double`: its parent exits at once. */
const daemonTraits = ['stdout', 'scrub', 'double'] as const;
export type DaemonTrait = (typeof daemonTraits)[number];

type Reader = (argument: string) => Step;

const readers: Readonly<Record<string, Reader>> = {
  say: (text) => ({ do: 'say', text: unescape(text) }),
  think: (text) => ({ do: 'think', text: unescape(text) }),
  long: (argument) => {
    const [length = '', seed = '1'] = fields(argument);
    return { do: 'long', length: count(length), seed: count(seed) };
  },
  pace: (ms) => ({ do: 'pace', ms: count(ms) }),
  chunk: (length) => ({ do: 'chunk', length: count(length) }),
  sleep: (ms) => ({ do: 'sleep', ms: count(ms) }),
  hang: () => ({ do: 'hang' }),
  write: readTool('write'),
  edit: readTool('edit'),
  read: readTool('read'),
  run: readTool('run'),
  ask: (argument) => {
    const [name, rest] = split(argument);
    return { do: 'ask', tools: [readTool(name)(rest)] };
  },
  asks: (argument) => {
    const [times, asked] = split(argument);
    const [name, rest] = split(asked);
    const tools = numbered(times, (n) => readTool(name)(rest.replaceAll('{n}', n)));
    return { do: 'ask', tools };
  },
  question: (argument) => {
    const [text = '', ...choices] = fields(argument);
    return { do: 'question', questions: [{ text, choices }], together: false };
  },
  questions: (argument) => {
    const [times = '', text = '', ...choices] = fields(argument);
    const questions = numbered(times, (n) => ({ text: text.replaceAll('{n}', n), choices }));
    return { do: 'question', questions, together: true };
  },
  form: (argument) => {
    const [text = '', ...names] = fields(argument);
    return { do: 'form', text, fields: names.map(readField) };
  },
  page: (argument) => {
    const [url = '', text = ''] = fields(argument);
    return { do: 'page', url: url.trim(), text };
  },
  withdraw: (argument) => {
    const [nth = '', ms = '0'] = fields(argument);
    return { do: 'withdraw', nth: count(nth), ms: count(ms) };
  },
  plan: (argument) => ({
    do: 'plan',
    entries: unescape(argument)
      .split(';')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  }),
  usage: (argument) => {
    const [input = '', output = ''] = fields(argument);
    return { do: 'usage', input: count(input), output: count(output) };
  },
  cost: (amount) => ({ do: 'cost', amount: number(amount) }),
  image: () => ({ do: 'image' }),
  settings: () => ({ do: 'settings' }),
  title: (text) => ({ do: 'title', text: unescape(text) }),
  fail: (argument) => {
    const [code = '', message = '', kind] = fields(argument);
    return { do: 'fail', code: number(code), message, ...(kind === undefined ? {} : { kind }) };
  },
  disguise: (text) => ({ do: 'disguise', text: unescape(text) }),
  refuse: () => ({ do: 'refuse' }),
  max_tokens: () => ({ do: 'max_tokens' }),
  exit: (code) => ({ do: 'exit', code: code.trim() === '' ? 0 : count(code) }),
  crash: () => ({ do: 'crash' }),
  agentturn: (argument) => {
    const [ms = '', ...text] = fields(argument);
    return { do: 'agentturn', ms: count(ms), text: text.join('|') };
  },
  misbehave: (argument) => {
    const name = argument.trim();
    if (!isMisbehaviour(name)) throw new Error(`known are ${misbehaviours.join(', ')}`);
    return { do: 'misbehave', name };
  },
  hugeline: (mebibytes) => ({ do: 'hugeline', mebibytes: count(mebibytes) }),
  flood: (argument) => {
    const [mebibytes = '', shape = 'newlines'] = fields(argument);
    return { do: 'flood', mebibytes: count(mebibytes), newlines: shape !== 'no-newlines' };
  },
  spawn: (argument) => {
    const [what, seconds = '', ...traits] = argument.trim().split(/\s+/);
    if (what !== 'daemon') throw new Error('only a daemon can be spawned');
    return { do: 'daemon', seconds: count(seconds), traits: traits.map(readTrait) };
  },
};

/** Names of all directives, `repeat` and `end` among them. */
export const directiveNames: readonly string[] = [...Object.keys(readers), 'repeat', 'end'];

interface Loop {
  readonly times: number;
  readonly body: Step[];
}

/** The steps of a prompt, or nothing where it holds no directive that we know. */
export function readScript(prompt: string): readonly Step[] | undefined {
  const found = findDirectives(prompt).map((inner) => ({
    source: `[[${inner}]]`,
    directive: split(inner),
  }));
  if (!found.some(({ directive: [name] }) => directiveNames.includes(name))) return undefined;

  const open: Loop[] = [{ times: 1, body: [] }];
  const closeLoop = () => {
    const { times, body } = open.pop()!;
    open.at(-1)!.body.push({ do: 'repeat', times, body });
  };
  for (const { source, directive } of found) {
    const [name, argument] = directive;
    if (name === 'end') {
      if (open.length > 1) closeLoop();
    } else {
      const step = readStep(source, name, argument);
      if (step.do === 'repeat') open.push({ times: step.times, body: [] });
      else open.at(-1)!.body.push(step);
    }
  }
  while (open.length > 1) closeLoop();
  return open[0]!.body;
}

/** What stands between double brackets, in one pass: a prompt may be megabytes long. */
function findDirectives(prompt: string): string[] {
  const found: string[] = [];
  for (let start = prompt.indexOf('[['); start >= 0; start = prompt.indexOf('[[', start)) {
    let end = start + 2;
    while (end < prompt.length && !prompt.startsWith(']]', end)) {
      end += prompt[end] === '\\' ? 2 : 1;
    }
    if (end >= prompt.length) break;
    found.push(prompt.slice(start + 2, end));
    start = end + 2;
  }
  return found;
}

function readStep(source: string, name: string, argument: string): Step {
  try {
    if (name === 'repeat') return { do: 'repeat', times: count(argument), body: [] };
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader === undefined) throw new Error('there is no such directive');
    return reader(argument);
  } catch (error) {
    return { do: 'invalid', source, reason: (error as Error).message };
  }
}

function readTool(name: string): (argument: string) => Tool {
  return (argument) => {
    const [path = '', ...rest] = rawFields(argument);
    switch (name) {
      case 'write':
        return { do: 'write', path: place(path), content: unescape(rest.join('|')) };
      case 'edit': {
        const [old = '', ...replacement] = rest;
        if (old === '') throw new Error('needs PATH|OLD|NEW');
        return {
          do: 'edit',
          path: place(path),
          old: unescape(old),
          new: unescape(replacement.join('|')),
        };
      }
      case 'read':
        return { do: 'read', path: place(argument) };
      case 'run':
        return { do: 'run', command: argument.replaceAll('\\]', ']') };
      default:
        throw new Error('tools are write, edit, read, run');
    }
  };
}

/** So many of a thing, each made with its number from 1. */
function numbered<Thing>(times: string, make: (n: string) => Thing): Thing[] {
  const length = count(times);
  if (length < 1 || length > mostAtOnce) throw new Error(`needs a number from 1 to ${mostAtOnce}`);
  return Array.from({ length }, (_, at) => make(`${at + 1}`));
}

/** `NAME`, a text, or `NAME: number`, `NAME: yes or no`, `NAME: one of A, B`, `NAME: any of A, B`. */
function readField(text: string): Field {
  const [, name = '', kind = '', list = ''] =
    /^\s*([^:]*?)\s*(?::\s*(number|yes or no|one of|any of)([^]*))?$/.exec(text) ?? [];
  if (name === '') throw new Error('a field is NAME or NAME: KIND');
  const choices = list.split(',').map((choice) => choice.trim());
  const schemas: Readonly<Record<string, Field['schema']>> = {
    number: { type: 'number' },
    'yes or no': { type: 'boolean' },
    'one of': { type: 'string', enum: choices },
    'any of': { type: 'array', items: { type: 'string', enum: choices } },
  };
  return { name, schema: schemas[kind] ?? { type: 'string' } };
}

/** The first word, and what follows the white space after it. */
function split(text: string): [name: string, rest: string] {
  const [, name = '', rest = ''] = /^\s*(\S*)(?:\s([^]*))?$/.exec(text) ?? [];
  return [name, rest];
}

/** Parts between bars that no backslash precedes. */
function rawFields(argument: string): string[] {
  const parts = [''];
  for (const [piece] of argument.matchAll(/\\[^]|[^]/g)) {
    if (piece === '|') parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

function fields(argument: string): string[] {
  return rawFields(argument).map(unescape);
}

function unescape(text: string): string {
  const meanings: Readonly<Record<string, string>> = { n: '\n', t: '\t' };
  return text.replaceAll(/\\([nt\\|\]])/g, (_, letter: string) => meanings[letter] ?? letter);
}

function place(path: string): string {
  const trimmed = path.trim().replaceAll('\\]', ']');
  if (trimmed === '') throw new Error('needs a path');
  return trimmed;
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new Error('needs a number');
  return value;
}

function count(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error('needs a whole number from 0');
  return value;
}

function readTrait(trait: string): DaemonTrait {
  const known = daemonTraits.find((each) => each === trait);
  if (known === undefined) throw new Error(`traits are ${daemonTraits.join(', ')}`);
  return known;
}
