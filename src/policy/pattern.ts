import { parse } from 'unbash';
import { isBareNamed, mustBeNamed, programOf } from './caution.ts';
import { disguiseOf } from './disguise.ts';
import type { CommandPart, Word } from './part.ts';
import { readWord } from './word.ts';

/** A word of a rule: itself, any one word, or (at the end) any rest. */
type PatternWord =
  | { readonly type: 'literal'; readonly text: string }
  | { readonly type: 'one' }
  | { readonly type: 'rest' };

/** The command of a rule. */
export interface Pattern {
  readonly assignments: readonly { readonly name: string; readonly value: string | null }[];
  readonly words: readonly PatternWord[];
}

/** `maybe` where the answer depends on words that only the shell can tell. */
export type Match = 'yes' | 'no' | 'maybe';

/** Reads a rule's command, which is written as the shell would have it; or says what is wrong with it. */
export function readPattern(text: string): Pattern | string {
  if (disguiseOf(text) !== null) return 'A rule is written in plain characters.';
  const script = parse(text);
  const node = script.commands[0]?.command;
  const plain = script.errors === undefined && script.commands.length === 1;
  if (!plain || node?.type !== 'Command' || script.commands[0]?.background) {
    return 'The command of a rule is one simple command.';
  }
  const words: PatternWord[] = [];
  const assignments: { name: string; value: string | null }[] = [];
  for (const each of [...node.prefix, ...(node.name ? [node.name] : []), ...node.suffix]) {
    if (each.type === 'Assignment' && each.value.type === 'Word' && !each.append && !each.index) {
      const value = each.value.text === '*' ? null : readWord(each.value).fixed;
      if (value === null && each.value.text !== '*') return 'A rule has no expansions.';
      if (node.prefix.some((other) => other === each)) assignments.push({ name: each.name, value });
      else words.push({ type: 'literal', text: `${each.name}=${value ?? '*'}` });
    } else if (each.type === 'Word') {
      const word = readPatternWord(each.text, readWord(each));
      if (word === null) return 'A rule has no expansions but `*` and `**` as words of their own.';
      words.push(word);
    } else {
      return 'A rule has no redirections: write a rule for the path.';
    }
  }
  const rest = words.findIndex((word) => word.type === 'rest');
  if (rest >= 0 && rest < words.length - 1) return '`**` is the last word of a rule.';
  return words.length + assignments.length > 0 ? { assignments, words } : 'A rule has words.';
}

function readPatternWord(text: string, word: Word): PatternWord | null {
  if (text === '*') return { type: 'one' };
  if (text === '**') return { type: 'rest' };
  return word.fixed === null ? null : { type: 'literal', text: word.fixed };
}

/** Whether a rule allows a command: each of its words is named, or is one that a wildcard may stand for. */
export function allows(pattern: Pattern, command: CommandPart, expansions: boolean): boolean {
  const { words } = command;
  const rest = pattern.words.at(-1)?.type === 'rest';
  const length = rest ? pattern.words.length - 1 : pattern.words.length;
  if (rest ? words.length < length : words.length !== length) return false;
  if (rest && words.length === 1 && isBareNamed(words[0])) return false;
  const [name] = pattern.words;
  if (name !== undefined && (name.type !== 'literal' || name.text !== words[0]?.fixed))
    return false;
  const named = mustBeNamed(words);
  return (
    allowsAssignments(pattern, command) &&
    words.every((word, at) => {
      const wanted = pattern.words[Math.min(at, pattern.words.length - 1)]!;
      if (wanted.type === 'literal') return word.fixed === wanted.text;
      if (named[at]) return false;
      return word.fixed !== null || (expansions && (wanted.type === 'rest' || word.single));
    })
  );
}

function allowsAssignments(pattern: Pattern, command: CommandPart): boolean {
  return (
    pattern.assignments.length === command.assignments.length &&
    pattern.assignments.every(({ name, value }, at) => {
      const set = command.assignments[at]!;
      return (
        name === set.name &&
        set.value.fixed !== null &&
        (value ?? set.value.fixed) === set.value.fixed
      );
    })
  );
}

/** Whether a rule that asks or denies is about a command. It sees through paths of programs and variables. */
export function guards(pattern: Pattern, command: CommandPart): Match {
  for (const { name, value } of pattern.assignments) {
    const set = command.assignments.find((each) => each.name === name);
    if (set === undefined || (set.value.fixed ?? value) !== (value ?? set.value.fixed)) return 'no';
  }
  let match: Match = 'yes';
  for (let at = 0; ; at++) {
    const wanted = pattern.words[at];
    const word = command.words[at];
    if (wanted?.type === 'rest') return match;
    if (wanted === undefined && word === undefined) return match;
    // From here on there may be any words.
    if (word !== undefined && !word.single) return 'maybe';
    if (wanted === undefined || word === undefined) return 'no';
    if (wanted.type === 'one') continue;
    if (word.fixed === null) match = 'maybe';
    else if (word.fixed !== wanted.text && (at > 0 || programOf(word.fixed) !== wanted.text))
      return 'no';
  }
}
