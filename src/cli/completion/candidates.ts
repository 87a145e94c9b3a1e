import type { Argument, Command, Option } from 'commander';

export interface Candidate {
  word: string;
  about: string;
}
export type Completion =
  | { kind: 'words'; words: readonly Candidate[] }
  | { kind: 'files' }
  | { kind: 'directories' }
  /** What only the daemon knows. */
  | { kind: 'sessions' | 'deleted' | 'agents' };

/** What can stand in the place of the last of these words, which is typed as far as it is there. */
export function completionOf(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? '';
  const { command, given, waiting } = walk(program, words.slice(0, -1));
  if (waiting !== null) return ofOption(waiting);
  const [, name, value] = /^(--[^=]+)=(.*)$/.exec(typed) ?? [];
  if (name !== undefined) {
    const option = optionNamed(command, name);
    const found: Completion =
      option === undefined ? { kind: 'words', words: [] } : ofOption(option);
    if (found.kind !== 'words') return found;
    const full = found.words.map(({ word, about }) => ({ word: `${name}=${word}`, about }));
    return { kind: 'words', words: value === undefined ? [] : full };
  }
  if (typed.startsWith('-')) return { kind: 'words', words: optionWords(command) };
  if (command.commands.length > 0) {
    return { kind: 'words', words: given > 0 ? [] : commandWords(command) };
  }
  return ofArgument(command, given);
}

interface Walked {
  command: Command;
  /** Arguments before the one that is typed. */
  given: number;
  /** The option that the typed word is the value of. */
  waiting: Option | null;
}

function walk(program: Command, words: readonly string[]): Walked {
  let command = program;
  let given = 0;
  let waiting: Option | null = null;
  for (const word of words) {
    if (waiting !== null && !word.startsWith('-')) {
      // Those that take several go on until another option.
      if (!waiting.variadic) waiting = null;
      continue;
    }
    waiting = null;
    if (word.startsWith('-')) {
      const option = optionNamed(command, word);
      if (option !== undefined && (option.required || option.optional)) waiting = option;
      continue;
    }
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) given += 1;
    else command = found;
  }
  return { command, given, waiting };
}

function optionsOf(command: Command): Option[] {
  const above = command.parent === null ? [] : optionsOf(command.parent);
  return [...command.options, ...above].filter(({ hidden }) => !hidden);
}

function optionNamed(command: Command, name: string): Option | undefined {
  return optionsOf(command).find(({ long, short }) => long === name || short === name);
}

function optionWords(command: Command): Candidate[] {
  const words = optionsOf(command).flatMap(({ long, description }) =>
    long === undefined ? [] : [{ word: long, about: description }],
  );
  return [...words, { word: '--help', about: 'display help' }];
}

function commandWords(command: Command): Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((one) => ({ word: one.name(), about: one.description() }));
}

function ofOption(option: Option): Completion {
  if (option.argChoices !== undefined) return choices(option.argChoices);
  const [, place = ''] = /[<[]([a-z]+)/i.exec(option.flags) ?? [];
  return ofPlace(place, option.attributeName());
}

function ofArgument(command: Command, given: number): Completion {
  const known = command.registeredArguments;
  const argument: Argument | undefined = known[given] ?? known.findLast(({ variadic }) => variadic);
  if (argument === undefined) return { kind: 'words', words: [] };
  if (argument.argChoices !== undefined) return choices(argument.argChoices);
  if (command.name() === 'restore') return { kind: 'deleted' };
  return ofPlace(argument.name(), argument.name());
}

function choices(words: readonly string[]): Completion {
  return { kind: 'words', words: words.map((word) => ({ word, about: '' })) };
}

/** What the name of a place says of what stands there. */
function ofPlace(place: string, name: string): Completion {
  if (place === 'dir' || place === 'dirs') return { kind: 'directories' };
  if (place === 'file') return { kind: 'files' };
  if (place === 'session' || place === 'sessions' || name === 'session')
    return { kind: 'sessions' };
  if (name === 'agent') return { kind: 'agents' };
  return { kind: 'words', words: [] };
}
