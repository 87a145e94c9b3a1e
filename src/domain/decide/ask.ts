import type { ToolCall } from '../content.ts';
import type { AskOutside } from '../command.ts';
import type { Draft } from '../draft.ts';
import { canonicalJson } from '../json.ts';
import { limits } from '../limits.ts';
import type { AgentInput } from '../partials.ts';
import { isOver, type Ruling, type SessionPolicy, type Wanted } from '../policy.ts';
import { refuse } from '../refusal.ts';
import { onceFor, optionFor, tellDecision } from './approval.ts';

type Asked = Extract<AgentInput, { type: 'approval' } | { type: 'question' }>;

/** The agent asks: what the policy says is decided in the same transaction, the rest waits for a person. */
export function ask(draft: Draft, input: Asked): void {
  endBypass(draft);
  if (draft.run?.state === 'stopping') {
    return refuseQuestion(draft, input, 'the run is being aborted');
  }
  if (draft.state.approvals.length >= limits.openApprovals) {
    return refuseQuestion(draft, input, 'too many questions are open');
  }
  if (input.type === 'question') {
    const { item, request, message, schema } = input;
    draft.write(
      'question',
      { request, message, ...(schema === undefined ? {} : { schema }) },
      { id: item },
    );
    return;
  }
  const { item, request, title, options, wants, parentCall } = input;
  const ruling = inForce(draft, draft.context.rulingOf(item));
  const asked: ToolCall | undefined = input.toolCall;
  draft.write(
    'approval',
    {
      request,
      title,
      options,
      ...(asked === undefined ? {} : { toolCall: asked }),
      ...kept(wants),
      ...(ruling === null ? {} : { ruling }),
    },
    { id: item, ...(parentCall === undefined ? {} : { parentCall }) },
  );
  if (ruling !== null) rule(draft, item, ruling);
}

/** Something that works inside the session asks. It is of the open run, even before the agent said anything. */
export function askOutside(draft: Draft, { id, ask: asked }: AskOutside): void {
  const { run, approvals, policy } = draft.state;
  if (run === null || run.state === 'stopping') {
    const message = 'There is no run that goes on: only what works in one may ask.';
    throw refuse('conflict', message, { field: 'session' });
  }
  if (approvals.length >= limits.openApprovals) {
    const message = `At most ${limits.openApprovals} questions of a session are open at once.`;
    throw refuse('limited', message, { field: 'session' });
  }
  if (asked.kind === 'approval' && !isStill(policy, asked.ruledBy)) {
    throw refuse('busy', 'The policy was changed meanwhile: ask again.', { field: 'session' });
  }
  endBypass(draft);
  const outside = { request: null, outside: true } as const;
  if (asked.kind === 'question') {
    const { message, schema } = asked;
    const more = schema === undefined ? {} : { schema };
    draft.write('question', { ...outside, message, ...more }, { id });
    return;
  }
  const { title, options, toolCall, wants } = asked;
  const ruling = inForce(draft, asked.ruling ?? null);
  draft.write(
    'approval',
    {
      ...outside,
      title,
      options,
      ...(toolCall === undefined ? {} : { toolCall }),
      ...kept(wants),
      ...(ruling === null ? {} : { ruling }),
    },
    { id },
  );
  if (ruling !== null) rule(draft, id, ruling);
}

/** Whether a policy is the one that was asked; a ruling by rules that are gone is none. */
function isStill(policy: SessionPolicy, asked: SessionPolicy | undefined): boolean {
  return asked === undefined || policy === asked || canonicalJson(policy) === canonicalJson(asked);
}

/** What has had its time: the bypass, and questions to which a time was given. */
export function expire(draft: Draft): void {
  // A deleted session rests; the time is looked at again when it is restored.
  if (draft.state.deletedAt !== null) return;
  endBypass(draft);
  const { policy, approvals } = draft.state;
  if (policy.answerMs === null) return;
  for (const open of approvals) {
    if (Date.parse(open.at) + policy.answerMs > draft.context.now) continue;
    const reason = `nobody answered within ${policy.answerMs / 1000} s`;
    if (open.kind === 'question') {
      draft.write('answer', { outcome: 'declined', reason }, { about: open.id, runId: open.run });
      tellDecision(draft, open, { outcome: 'declined' });
    } else {
      const option = optionFor(open, 'deny');
      const chosen = option === null ? {} : { option };
      draft.write(
        'decision',
        { outcome: 'denied', ...chosen, reason },
        { about: open.id, runId: open.run },
      );
      tellDecision(draft, open, { outcome: 'denied', option, message: reason });
    }
  }
}

/** The end of a bypass is an entry, whoever finds it first: its timer, or the next question. */
export function endBypass(draft: Draft): void {
  const { policy } = draft.state;
  if (!isOver(policy, draft.context.now)) return;
  draft.write(
    'settings',
    { from: 'server', changes: { policy: { ...policy, bypassUntil: null } } },
    { runId: null, by: { type: 'server' } },
  );
}

/** A bypass that has ended since the policy was asked decides nothing any more. */
function inForce(draft: Draft, ruling: Ruling | null): Ruling | null {
  if (ruling?.rule !== 'bypass' || draft.state.policy.bypassUntil !== null) return ruling;
  return { effect: 'ask', level: null, rule: 'none', why: 'the bypass is over' };
}

/**
 * Decides by the policy what was just asked. What the agent offers no way to allow once is left to a person: an
 * agent that was told "always" asks no more, whatever the rules come to say and whenever the bypass ends.
 */
function rule(draft: Draft, approval: string, ruling: Ruling): void {
  const open = draft.state.approvals.find((item) => item.id === approval);
  if (open === undefined || ruling.effect === 'ask') return;
  const verdict = ruling.effect;
  const option = verdict === 'allow' ? onceFor(open) : optionFor(open, verdict);
  if (option === null && verdict === 'allow') return;
  const outcome = verdict === 'allow' ? 'allowed' : 'denied';
  const told = verdict === 'allow' ? {} : { message: `Denied by policy: ${ruling.why}.` };
  draft.write(
    'decision',
    { outcome, ...(option === null ? {} : { option }), ...told, ruling },
    { about: approval, runId: open.run, by: { type: 'server' } },
  );
  tellDecision(draft, open, { outcome, option, ...told });
}

/** A long command is judged whole, but a rule can no more be made of it. */
function kept(wants: Wanted | undefined): { wants?: Wanted } {
  if (wants === undefined || JSON.stringify(wants).length > limits.pieceChars) return {};
  return { wants };
}

/** A question that nobody is asked: recorded, withdrawn and answered at once. */
function refuseQuestion(draft: Draft, input: Asked, reason: string): void {
  const { request } = input;
  if (input.type === 'approval') {
    draft.write(
      'approval',
      { request, title: input.title, options: input.options },
      { id: input.item },
    );
    draft.write('decision', { outcome: 'withdrawn', reason }, { about: input.item });
    draft.tell({ type: 'answer_approval', request, option: null });
  } else {
    draft.write('question', { request, message: input.message }, { id: input.item });
    draft.write('answer', { outcome: 'withdrawn', reason }, { about: input.item });
    draft.tell({ type: 'answer_question', request, outcome: 'withdrawn' });
  }
}
