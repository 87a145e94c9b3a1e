import type { Entry } from '../../../src/domain/entry.ts';
import type { Fault, SessionFacts } from '../facts.ts';

type Found = Omit<Fault, 'session'>;
type Asked = Extract<Entry, { kind: 'approval' | 'question' }>;
type Decided = Extract<Entry, { kind: 'decision' | 'answer' }>;

/** Every question is decided once, every client heard of the same decision, and the agent acted on it. */
export function* judgeApprovals(session: SessionFacts): Generator<Found> {
  const decisions = new Map<string, Decided>();
  for (const entry of session.log) {
    if (entry.kind !== 'decision' && entry.kind !== 'answer') continue;
    const about = entry.about ?? '';
    if (decisions.has(about)) yield { kind: 'doubled', what: `${about} is decided twice` };
    else decisions.set(about, entry);
  }
  for (const entry of session.log) {
    if (entry.kind !== 'approval' && entry.kind !== 'question') continue;
    const decision = decisions.get(entry.id);
    if (decision === undefined) yield { kind: 'undecided', what: `${entry.kind} ${entry.id}` };
    else yield* effect(entry, decision, session);
  }
  yield* told(session, decisions);
  for (const [mark, count] of Object.entries(session.agent.effects)) {
    if (count > 1) yield { kind: 'doubled', what: `the command ${mark} was run ${count} times` };
  }
}

/** A command that was asked for runs if it was allowed and not otherwise. */
function* effect(asked: Asked, decision: Decided, session: SessionFacts): Generator<Found> {
  if (asked.kind !== 'approval' || decision.kind !== 'decision') return;
  const mark = markOf(JSON.stringify(asked.data.toolCall?.input ?? asked.data.title));
  if (mark === null) return;
  const count = session.agent.effects[mark] ?? 0;
  const { outcome } = decision.data;
  if (outcome !== 'allowed' && count > 0) {
    yield { kind: 'changed', what: `${mark} is ${outcome} and its command was run` };
  }
  const end = session.log.find(
    (entry) => entry.kind === 'run_ended' && entry.runId === asked.runId,
  );
  const completed = end?.kind === 'run_ended' && end.data.outcome === 'completed';
  if (outcome === 'allowed' && completed && count === 0) {
    yield { kind: 'lost', what: `${mark} is allowed and its command was never run` };
  }
}

/** The mark by which a command's effect is found again: `mark_<prompt>_<number>`. */
export function markOf(command: string): string | null {
  return /mark_[A-Za-z0-9_-]+/.exec(command)?.[0] ?? null;
}

function* told(session: SessionFacts, decisions: ReadonlyMap<string, Decided>): Generator<Found> {
  const winners = new Map<string, string>();
  for (const { approval, by, answer } of session.decisions) {
    const decision = decisions.get(approval);
    if (answer.type === 'refused') {
      yield {
        kind: 'daemon',
        what: `the decision of ${by} about ${approval} was refused: ${answer.code}`,
      };
      continue;
    }
    if (answer.type === 'already') {
      if (decision === undefined || (answer.decision ?? decision.id) !== decision.id) {
        yield { kind: 'changed', what: `${by} was told of another decision about ${approval}` };
      }
      continue;
    }
    if (winners.has(approval)) {
      yield {
        kind: 'doubled',
        what: `${by} and ${winners.get(approval)} both decided ${approval}`,
      };
    }
    winners.set(approval, by);
    if (decision === undefined || decision.id !== answer.id) {
      yield { kind: 'lost', what: `the decision ${answer.id} of ${by} about ${approval}` };
    } else if (decision.seq !== answer.seq || decision.data.outcome !== answer.outcome) {
      yield { kind: 'changed', what: `the decision of ${by} about ${approval}` };
    }
  }
}
