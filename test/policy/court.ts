import { explain, judge, pathsOf } from '../../src/policy/judge.ts';
import type { Wanted } from '../../src/domain/policy.ts';
import type { Explanation } from '../../src/policy/judge.ts';
import type { Ground } from '../../src/policy/place.ts';
import type { Rule } from '../../src/domain/policy.ts';
import type { Policy } from '../../src/policy/rule.ts';

// The tests of this folder prove what A4 and A5 say of rules and commands.

export const root = '/home/ada/app';
export const stateDirectory = '/home/ada/.local/state/turnkeep';

/** A session's rules, with nothing at the other levels. */
export function policyOf(
  rules: readonly Rule[],
  more: Partial<Policy['session']> & Partial<Pick<Policy, 'directories' | 'global'>> = {},
): Policy {
  const { edits = false, bypass = null, directories = [], global = { rules: [] } } = more;
  return { session: { rules, edits, bypass }, directories, global };
}

export function commandOf(command: string, more: Partial<Wanted> = {}): Wanted {
  return { tool: 'Bash', kind: 'execute', command, locations: [], cwd: root, ...more };
}

/** A disk without links, at one instant, unless a test says otherwise. */
export function groundFor(question: Wanted, more: Partial<Ground> = {}): Ground {
  const realPaths = new Map(pathsOf(question).map((path) => [path, path]));
  return { now: 1000, root, stateDirectory, realPaths, ...more };
}

export function explained(
  question: Wanted,
  policy: Policy,
  more: Partial<Ground> = {},
): Explanation {
  return explain(question, policy, groundFor(question, more));
}

/** What becomes of a command under a session's rules. */
export function effectOf(command: string, rules: readonly Rule[]): string {
  const question = commandOf(command);
  return judge(question, policyOf(rules), groundFor(question)).effect;
}

/** Rules that allow commands, each by its words; a `$` before them lets its wildcards be expanded. */
export function allowing(...commands: readonly string[]): Rule[] {
  return commands.map((text) =>
    text.startsWith('$ ')
      ? { effect: 'allow', command: text.slice(2), expansions: true }
      : { effect: 'allow', command: text },
  );
}
