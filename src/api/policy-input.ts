import type { PolicyChange, Rule } from '../domain/policy.ts';
import type { PolicyRow } from '../ports/policies.ts';
import type { OutputOf, ParsedInputOf } from '../protocol/operations.ts';
import type { Context } from './handler.ts';

type Given = ParsedInputOf<'sessions.patch'>['policy'];

/** A change of a policy as the engine takes it: a bypass by the time of its end. */
export function policyOf(given: Given, { engine, clock }: Context): { policy?: PolicyChange } {
  if (given === undefined) return {};
  const { rules, autoAcceptEdits, bypassMs, answerMs } = given;
  const list = rules === undefined ? undefined : rulesOf(rules);
  if (list !== undefined) engine.policies.check(list, 'policy.rules');
  const until = bypassMs && new Date(clock.now() + bypassMs).toISOString();
  return {
    policy: {
      ...(list === undefined ? {} : { rules: list }),
      ...(autoAcceptEdits === undefined ? {} : { autoAcceptEdits }),
      ...(until === undefined ? {} : { bypassUntil: until || null }),
      ...(answerMs === undefined ? {} : { answerMs }),
    },
  };
}

/** Rules without members that are not said. */
export function rulesOf(
  given: readonly { readonly [Name in keyof Rule]?: Rule[Name] | undefined }[],
): Rule[] {
  return given.map(
    (one) =>
      Object.fromEntries(
        Object.entries(one).filter(([, value]) => value !== undefined),
      ) as unknown as Rule,
  );
}

/** As it is answered: with lists of its own. */
export function policyRowView(row: PolicyRow): OutputOf<'policy.set'> {
  return { ...row, rules: [...row.rules] };
}
