import type { Entry } from '../../../src/domain/entry.ts';
import type { Fault, SessionFacts } from '../facts.ts';

type Found = Omit<Fault, 'session'>;

/** One run at a time, each with its one end and nothing after it; what the clients heard of it is so. */
export function* judgeRuns(session: SessionFacts): Generator<Found> {
  const ended = new Map<string, Extract<Entry, { kind: 'run_ended' }>>();
  let open: string | null = null;
  for (const entry of session.log) {
    const { runId } = entry;
    if (entry.kind === 'run_started') {
      if (open !== null) yield { kind: 'disorder', what: `run ${runId} began in run ${open}` };
      if (runId !== undefined && ended.has(runId)) {
        yield { kind: 'doubled', what: `run ${runId} began again` };
      }
      open = runId ?? null;
    }
    if (runId === undefined) continue;
    if (ended.has(runId)) {
      const kind = entry.kind === 'run_ended' ? 'doubled' : 'disorder';
      yield { kind, what: `${entry.kind} (seq ${entry.seq}) after the end of run ${runId}` };
    } else if (runId !== open) {
      yield { kind: 'disorder', what: `seq ${entry.seq} is of run ${runId}, which is not open` };
    }
    if (entry.kind !== 'run_ended') continue;
    ended.set(runId, entry);
    open = null;
  }
  if (open !== null) yield { kind: 'unended', what: `run ${open} has no end` };
  yield* toolCalls(session.log);
  yield* aborts(session, ended);
}

/** A tool call's states are of one run, and the last of them is an end. */
function* toolCalls(log: readonly Entry[]): Generator<Found> {
  const last = new Map<string, string>();
  const calls = new Set<string>();
  for (const entry of log) {
    if (entry.kind !== 'tool_call') continue;
    const first = entry.about ?? entry.id;
    const call = `${entry.runId} ${entry.data.call}`;
    if (entry.about === undefined && calls.has(call)) {
      yield { kind: 'doubled', what: `tool call ${entry.data.call} begins twice in one run` };
    }
    calls.add(call);
    if (entry.about !== undefined && !last.has(first)) {
      yield { kind: 'lost', what: `the first state of tool call ${entry.data.call} (${first})` };
    }
    last.set(first, entry.data.status);
  }
  for (const [id, status] of last) {
    if (status !== 'pending' && status !== 'in_progress') continue;
    yield { kind: 'unended', what: `tool call ${id} is ${status} for ever` };
  }
}

function* aborts(
  session: SessionFacts,
  ended: ReadonlyMap<string, Extract<Entry, { kind: 'run_ended' }>>,
): Generator<Found> {
  for (const { run, status, outcome } of session.aborts) {
    const end = ended.get(run);
    const intended = session.log.some((entry) => entry.kind === 'abort' && entry.runId === run);
    if (!intended) yield { kind: 'lost', what: `the abort of run ${run}, which was answered` };
    if (status === 'aborted' && end?.data.outcome !== outcome) {
      const now = end?.data.outcome ?? 'open';
      yield { kind: 'changed', what: `run ${run} was told as ${outcome} and is ${now}` };
    }
  }
}
