import type { Level, Rule } from '../domain/policy.ts';
import { readPattern } from './pattern.ts';

/** What holds for a session, at the moment of a question. */
export interface Policy {
  readonly session: {
    readonly rules: readonly Rule[];
    /** Edits inside the working directory need no answer. */
    readonly edits: boolean;
    /** Nothing is asked before `until` (milliseconds since 1970). */
    readonly bypass: { readonly until: number } | null;
  };
  /** Rules for directories, by real path: for sessions in them or below, the nearest first. */
  readonly directories: readonly { readonly path: string; readonly rules: readonly Rule[] }[];
  readonly global: { readonly rules: readonly Rule[] };
}

/** A rule and where it stands: `number` counts from 0 within its list. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly level: Level;
  readonly number: number;
  /** The directory whose rule it is. */
  readonly directory?: string;
}

/** The rules in the order in which they are asked, for a session in the real directory `root`. */
export function rulesFor(policy: Policy, root: string): PlacedRule[] {
  const place = (rules: readonly Rule[], level: Level, directory?: string): PlacedRule[] =>
    rules.map((rule, number) => ({
      rule,
      level,
      number,
      ...(directory === undefined ? {} : { directory }),
    }));
  const near = policy.directories
    .map(({ path, rules }) => ({ path: path.replace(/(?!^)\/+$/, ''), rules }))
    .filter(({ path }) => path === '/' || root === path || root.startsWith(path + '/'))
    .toSorted((a, b) => b.path.length - a.path.length);
  return [
    ...place(policy.session.rules, 'session'),
    ...near.flatMap(({ path, rules }) => place(rules, 'directory', path)),
    ...place(policy.global.rules, 'global'),
  ];
}

/** Says what is wrong with a rule, or null: for those who write policies. */
export function faultOf(rule: Rule): string | null {
  if (rule.path !== undefined && rule.command !== undefined) {
    return 'A rule is about a path or about a command; write two.';
  }
  if (rule.expansions && (rule.command === undefined || rule.effect !== 'allow')) {
    return '`expansions` belongs to a rule that allows a command.';
  }
  if (rule.path !== undefined && !/^(\/|\.\/)/.test(rule.path)) {
    return 'A path is absolute, or begins with `./` for the working directory.';
  }
  if (rule.path?.split('/').includes('..')) return 'A path has no `..`.';
  if (rule.command === undefined) return null;
  const pattern = readPattern(rule.command);
  if (typeof pattern === 'string') return pattern;
  if (rule.effect === 'allow' && pattern.words[0]?.type !== 'literal') {
    return 'A rule that allows a command names the program.';
  }
  return null;
}
