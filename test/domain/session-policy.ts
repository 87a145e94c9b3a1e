import fc from 'fast-check';
import type { AskOutside, Choice, Command, Decide } from '../../src/domain/command.ts';
import type { ApprovalOption } from '../../src/domain/content.ts';
import type { Rule, Ruling, SessionPolicy } from '../../src/domain/policy.ts';
import type { SessionState } from '../../src/domain/session-state.ts';

/** What policies, people and time do to questions. */
export type PolicyStep =
  | { do: 'ask'; ruling: Ruling | null; options: Offer }
  | { do: 'outside'; ruling: Ruling | null; options: Offer; kind: 'approval' | 'question' }
  | { do: 'guard'; change: 'rules' | 'bypass' | 'end' | 'patience' | 'none' }
  | { do: 'answer'; which: number; choice: Choice; more: Extra }
  | { do: 'expire' }
  | { do: 'pass'; ms: number };

/** What an agent offers to choose from. */
export type Offer = 'once' | 'always' | 'both' | 'denials' | 'nothing';
type Extra = Pick<Decide, 'message' | 'input' | 'remember'>;

const option = (kind: ApprovalOption['kind']): ApprovalOption => ({ id: kind, name: kind, kind });
export const offers: Readonly<Record<Offer, readonly ApprovalOption[]>> = {
  once: [option('allow_once'), option('reject_once')],
  always: [option('allow_always'), option('reject_always')],
  both: [option('allow_always'), option('allow_once'), option('reject_once')],
  denials: [option('reject_once')],
  nothing: [],
};

export const bypassMs = 1000;
export const answerMs = 700;
const rule: Rule = { effect: 'allow', command: 'ls' };
export const remembered: Rule = { effect: 'allow', command: 'git status' };

const offer = fc.constantFrom(...(Object.keys(offers) as Offer[]));
const ruling = fc.option(
  fc.record({
    effect: fc.constantFrom('allow' as const, 'ask' as const, 'deny' as const),
    level: fc.constantFrom('session' as const, 'directory' as const, 'global' as const, null),
    rule: fc.constantFrom(0, 'edits' as const, 'bypass' as const, 'state' as const),
    why: fc.constant('so it is'),
  }),
);
const extra = fc.constantFrom<Extra>(
  {},
  {},
  { message: 'not here' },
  { input: { command: 'ls' } },
  { remember: { level: 'session', rules: [remembered] } },
  { remember: { level: 'directory', rules: [remembered] } },
);

export const policyStep: fc.Arbitrary<PolicyStep> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), ruling, options: offer }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('outside' as const),
      ruling,
      options: offer,
      kind: fc.constantFrom('approval' as const, 'approval' as const, 'question' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('guard' as const),
      change: fc.constantFrom('rules', 'bypass', 'bypass', 'end', 'patience', 'none'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      which: fc.nat(3),
      choice: fc.constantFrom<Choice>(
        { verdict: 'allow' },
        { verdict: 'allow' },
        { verdict: 'deny' },
        { option: 'allow_always' },
        { answer: 'because' },
      ),
      more: extra,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'expire' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.integer({ min: -600, max: 900 }),
    }),
  },
);

const named: ReadonlySet<string> = new Set<PolicyStep['do']>([
  'ask',
  'outside',
  'guard',
  'answer',
  'expire',
  'pass',
]);

export function isPolicyStep(step: { do: string }): step is PolicyStep {
  return named.has(step.do);
}

/** What a policy step asks for; the agent's own questions and the passing of time are no commands. */
export function policyCommand(
  step: Exclude<PolicyStep, { do: 'ask' | 'pass' }>,
  { state, now, id }: { state: SessionState; now: number; id: () => string },
): Command {
  switch (step.do) {
    case 'outside':
      return { type: 'ask_outside', id: id(), ask: outsideOf(step) };
    case 'guard':
      return { type: 'patch', changes: {}, policy: changeOf(step.change, now) };
    case 'answer': {
      const approval = state.approvals.at(-1 - step.which)?.id ?? 'none';
      return { type: 'decide', approval, choice: step.choice, ...step.more };
    }
    case 'expire':
      return { type: 'expire' };
  }
}

function outsideOf(step: Extract<PolicyStep, { do: 'outside' }>): AskOutside['ask'] {
  if (step.kind === 'question') return { kind: 'question', message: 'which' };
  return {
    kind: 'approval',
    title: 'may it',
    options: offers[step.options],
    ...(step.ruling === null ? {} : { ruling: step.ruling }),
  };
}

function changeOf(
  change: Extract<PolicyStep, { do: 'guard' }>['change'],
  now: number,
): Partial<SessionPolicy> {
  switch (change) {
    case 'rules':
      return { rules: [rule] };
    case 'bypass':
      return { bypassUntil: new Date(now + bypassMs).toISOString() };
    case 'end':
      return { bypassUntil: null };
    case 'patience':
      return { answerMs };
    case 'none':
      return { answerMs: null, rules: [] };
  }
}
