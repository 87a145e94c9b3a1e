import { limits } from '../domain/limits.ts';
import { programOf } from './caution.ts';
import { openWord } from './part.ts';
import type { Assigned, CommandPart, Part, Word } from './part.ts';
import { readScript } from './script.ts';

/** How a program that only starts another one is called: what comes before the other's name. */
interface Wrapper {
  /** Options that take no value, or have it in the same word. */
  readonly flags: RegExp;
  /** Options whose value is the next word. */
  readonly valued: RegExp;
  /** Words of its own after the options. */
  readonly operands: readonly RegExp[];
}

const none = /^(?!)/;

/** They lend what they start no power that it does not have, so only what they start is decided. */
const wrappers: Readonly<Record<string, Wrapper>> = {
  builtin: { flags: none, valued: none, operands: [] },
  command: { flags: none, valued: none, operands: [] },
  env: { flags: /^(-|-i|--ignore-environment)$/, valued: /^(-u|--unset)$/, operands: [] },
  exec: { flags: none, valued: none, operands: [] },
  ionice: { flags: /^-[cn]\d+$/, valued: /^-[cn]$/, operands: [] },
  nice: { flags: /^-(n?-?\d+)$/, valued: /^-n$/, operands: [] },
  nohup: { flags: none, valued: none, operands: [] },
  setsid: { flags: /^-[fw]$/, valued: none, operands: [] },
  stdbuf: { flags: /^-[ioe][0L]$/, valued: /^-[ioe]$/, operands: [] },
  time: { flags: /^-p$/, valued: none, operands: [] },
  timeout: {
    flags: /^(--(preserve-status|foreground|signal=\w+|kill-after=[\d.]+[smhd]?)|-v|-s\w+)$/,
    valued: /^-[sk]$/,
    operands: [/^[\d.]+[smhd]?$/],
  },
  xargs: {
    flags: /^(-[0rt]+|-[nPLs]\d+|-I\S+|-d\S+|--null|--no-run-if-empty|--max-(args|procs)=\d+)$/,
    valued: /^-[nPLsId]$/,
    operands: [],
  },
};

/** Takes wrappers off every command, until what is left is what really runs. */
export function readCommands(text: string): Part[] {
  return unwrapAll(readScript(text), 0);
}

function unwrapAll(parts: readonly Part[], depth: number): Part[] {
  const all: Part[] = [];
  for (const part of parts) {
    if (part.type === 'command') all.push(...unwrap(part, depth));
    else all.push(part);
    // What is left out has to be asked about.
    if (all.length > limits.policyParts) {
      return [...all, { type: 'unclear', text: part.text, why: 'is too long to be judged' }];
    }
  }
  return all;
}

function unwrap(part: CommandPart, depth: number): Part[] {
  const name = part.words[0]?.fixed;
  if (name === undefined) return [part];
  if (name === null) return [unclear(part, 'runs what is known only then')];
  if (name === '' || !/^[!-~]+$/.test(name)) return [unclear(part, 'has an odd name')];
  if (depth >= limits.policyDepth) return [unclear(part, 'is nested too deep')];
  const program = programOf(name);
  if (/^(ba|da|a)?sh$/.test(program)) return readShell(part, depth);
  if (program === 'find') return readFind(part, depth);
  const inner = Object.hasOwn(wrappers, program) ? readWrapped(part, program) : null;
  return inner === null ? [part] : unwrap(inner, depth + 1);
}

function unclear(part: CommandPart, why: string): Part {
  return { type: 'unclear', text: part.text, why };
}

/** The command within, or null where the words before it are not all known. */
function readWrapped(part: CommandPart, program: string): CommandPart | null {
  const wrapper = wrappers[program]!;
  const { words } = part;
  let at = 1;
  for (let word = words[at]?.fixed; word?.startsWith('-'); word = words[at]?.fixed) {
    at += wrapper.valued.test(word) ? 2 : 1;
    if (word === '--') break;
    if (wrapper.flags.test(word)) continue;
    if (!wrapper.valued.test(word) || words[at - 1]?.fixed === null) return null;
  }
  const assignments = program === 'env' ? leading(words.slice(at)) : [];
  at += assignments.length;
  for (const operand of wrapper.operands) {
    if (!operand.test(words[at]?.fixed ?? '')) return null;
    at += 1;
  }
  if (at >= words.length) return null;
  const rest = words.slice(at);
  return {
    ...part,
    assignments: [...part.assignments, ...assignments],
    words: program === 'xargs' ? fed(rest, words.slice(1, at)) : rest,
  };
}

/** What `env` sets before the program. */
function leading(words: readonly Word[]): Assigned[] {
  const assignments: Assigned[] = [];
  for (const word of words) {
    const name = /^([A-Za-z_]\w*)=/.exec(word.prefix)?.[1];
    if (name === undefined || !word.single) break;
    const value = word.fixed?.slice(name.length + 1) ?? null;
    assignments.push({ name, value: { ...word, fixed: value } });
  }
  return assignments;
}

/** `xargs` adds words of its input at the end, or puts them wherever its marks stand. */
function fed(words: readonly Word[], options: readonly Word[]): Word[] {
  const marks = options.flatMap(({ fixed }, at) =>
    fixed?.startsWith('-I') ? [fixed === '-I' ? options[at + 1]?.fixed : fixed.slice(2)] : [],
  );
  const put = marks.reduce<readonly Word[]>(
    (all, mark) => all.map((word) => (mark ? filled(word, mark) : word)),
    words,
  );
  return [...put, openWord('…')];
}

/** A word in which something is put for a mark. */
function filled(word: Word, mark: string): Word {
  if (word.fixed?.includes(mark) !== true) return word;
  const [prefix = ''] = word.fixed.split(mark);
  return { ...word, fixed: null, prefix, pieces: word.fixed.split(mark) };
}

/**
 * `sh -c TEXT` is TEXT; every other way to call a shell is left to the rules. A login shell (`-lc`) reads the
 * user's profile first, which is theirs as long as nothing is set for it.
 */
function readShell(part: CommandPart, depth: number): Part[] {
  const [, option, text] = part.words;
  const letters = part.assignments.length > 0 ? /^-[eux]*c[eux]*$/ : /^-[elux]*c[elux]*$/;
  if (option === undefined || !letters.test(option.fixed ?? '')) return [part];
  if (text?.fixed === null || text === undefined) {
    return [unclear(part, 'runs what is known only then')];
  }
  const around: Part[] =
    part.assignments.length > 0 ? [{ ...part, words: [], text: part.text }] : [];
  return [...around, ...unwrapAll(readScript(text.fixed), depth + 1)];
}

/** `find` itself, without the commands that it starts, and those. */
function readFind(part: CommandPart, depth: number): Part[] {
  const own: Word[] = [];
  const inner: Part[] = [];
  for (let at = 0; at < part.words.length; at++) {
    const word = part.words[at]!;
    if (!/^-(exec|execdir|ok|okdir)$/.test(word.fixed ?? '')) {
      own.push(word);
      continue;
    }
    const rest = part.words.slice(at + 1);
    const length = rest.findIndex(
      ({ fixed }, end) => fixed === ';' || (fixed === '+' && rest[end - 1]?.fixed === '{}'),
    );
    if (length < 1) return [unclear(part, 'runs what is known only then')];
    const words = rest.slice(0, length).map((each) => filled(each, '{}'));
    inner.push(...unwrap({ ...part, words }, depth + 1));
    at += length + 1;
  }
  return [{ ...part, words: own }, ...inner];
}
