import { type Entry, isNode } from '../../../src/domain/entry.ts';
import { evolve } from '../../../src/domain/evolve.ts';
import { canonicalJson, type Json } from '../../../src/domain/json.ts';
import { rowOf } from '../../../src/domain/row.ts';
import { emptySession, type SessionState } from '../../../src/domain/session-state.ts';
import type { Fault, SessionFacts } from '../facts.ts';

type Found = Omit<Fault, 'session'>;

/** The log by itself: dense, unique, whole, with its tree; and the state that follows from it. */
export function* judgeLog(session: SessionFacts): Generator<Found> {
  yield* places(session.log);
  yield* tree(session.log);
  for (const [index, entry] of session.log.entries()) {
    if (entry.digest === session.digests[index]) continue;
    yield { kind: 'changed', what: `the digest of seq ${entry.seq} is not that of its content` };
  }
  yield* stateFaults(session);
}

function* places(log: readonly Entry[]): Generator<Found> {
  const ids = new Set<string>();
  for (const [index, entry] of log.entries()) {
    const before = log[index - 1]?.seq ?? 0;
    if (entry.seq > before + 1) yield { kind: 'lost', what: `no seq ${before + 1}` };
    if (entry.seq <= before) yield { kind: 'disorder', what: `seq ${entry.seq} after ${before}` };
    if (ids.has(entry.id)) yield { kind: 'doubled', what: `id ${entry.id} twice in the log` };
    ids.add(entry.id);
  }
}

/** Only nodes have parents; each one's is the node before it, as nobody forks here. */
function* tree(log: readonly Entry[]): Generator<Found> {
  let head: string | null = null;
  for (const entry of log) {
    const node = isNode(entry);
    if (node !== (entry.parentId !== undefined)) {
      yield {
        kind: 'changed',
        what: `seq ${entry.seq}, a ${entry.kind}, ${node ? 'lacks' : 'has'} a parent`,
      };
    }
    if (!node) continue;
    if (entry.parentId !== head) {
      yield { kind: 'disorder', what: `the parent of seq ${entry.seq} is not the head ${head}` };
    }
    head = entry.id;
  }
}

function* stateFaults({ id, log, state, row }: SessionFacts): Generator<Found> {
  const folded = log.reduce(evolve, emptySession(id));
  for (const name of Object.keys(folded) as (keyof SessionState)[]) {
    if (text(folded[name]) === text(state[name])) continue;
    const what = `state.${name} is ${text(state[name])}, the log says ${text(folded[name])}`;
    yield { kind: 'state', what: what.slice(0, 400) };
  }
  if (text(rowOf(folded)) !== text(row)) {
    yield { kind: 'state', what: 'the row of lists is not what the log says' };
  }
}

function text(value: unknown): string {
  return canonicalJson((value ?? null) as Json);
}
