import type { Fault, SessionFacts, SubscriberFacts } from '../facts.ts';

type Found = Omit<Fault, 'session'>;

/** Every subscriber got every entry once, in order, as it is stored; no text that it saw is missing. */
export function* judgeSubscribers(session: SessionFacts): Generator<Found> {
  for (const subscriber of session.subscribers) {
    const { name } = subscriber;
    for (const what of subscriber.faults) yield { kind: 'disorder', what: `${name}: ${what}` };
    yield* entriesOf(subscriber, session);
    for (const { entryId, text } of subscriber.texts) {
      const stored = session.texts[entryId];
      if (stored?.startsWith(text) === true) continue;
      const problem = stored === undefined ? 'is not in the log' : `differs from what is stored`;
      const seen = `${text.length} characters of ${entryId}`;
      yield { kind: 'lost', what: `${name} saw ${seen}, which ${problem}` };
    }
  }
}

function* entriesOf(
  { name, entries }: SubscriberFacts,
  { log, settledSeq }: SessionFacts,
): Generator<Found> {
  let last = 0;
  for (const seen of entries) {
    const stored = log[seen.seq - 1];
    if (stored === undefined) {
      yield { kind: 'lost', what: `${name} saw seq ${seen.seq}, which is not in the log` };
    } else if (stored.id !== seen.id || stored.digest !== seen.digest) {
      yield { kind: 'changed', what: `${name} saw seq ${seen.seq} as ${seen.id}, another entry` };
    }
    if (seen.seq === last) yield { kind: 'doubled', what: `${name} got seq ${seen.seq} twice` };
    else if (seen.seq < last)
      yield { kind: 'disorder', what: `${name} got seq ${seen.seq} after ${last}` };
    else if (seen.seq > last + 1) yield { kind: 'lost', what: `${name} never got seq ${last + 1}` };
    last = Math.max(last, seen.seq);
  }
  if (last < settledSeq) {
    yield { kind: 'lost', what: `${name} never got seq ${last + 1} to ${settledSeq}` };
  }
}
