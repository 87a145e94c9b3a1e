import type { Fault, SessionFacts } from '../facts.ts';

type Found = Omit<Fault, 'session'>;

/**
 * What the model was asked for, where that is known: no part of an answer twice, every part of one that was
 * given whole, and no run that ended otherwise although nobody aborted it. One whose hosts were all cut off
 * before they were ready fails in the end; what it was to be told waits for the next one, so it is no loss.
 */
export function* judgeModel(session: SessionFacts): Generator<Found> {
  const { model } = session.agent;
  if (model === null) return;
  const aborted = new Set<string>();
  const outcomes = new Map<string, string>();
  const runs = new Map<string, string>();
  const opened = new Set<string>();
  for (const { kind, runId, about, data, ...entry } of session.log) {
    if (kind === 'unrecognized')
      yield { kind: 'changed', what: `seq ${entry.seq}: ${data.reason}` };
    if (runId === undefined) continue;
    if (kind === 'abort') aborted.add(runId);
    if (kind === 'delivery' || (kind === 'host' && data.state === 'opened')) opened.add(runId);
    if (kind === 'delivery' && about !== undefined) runs.set(about, runId);
    if (kind === 'run_ended') outcomes.set(runId, data.outcome);
  }
  for (const [run, outcome] of outcomes) {
    if (outcome === 'completed' || aborted.has(run) || !opened.has(run)) continue;
    yield { kind: 'lost', what: `run ${run} is ${outcome}, and nobody aborted it` };
  }
  for (const { prompt, asked } of model) {
    const whole = outcomes.get(runs.get(prompt) ?? '') === 'completed';
    for (const [part, count] of asked.entries()) {
      const what = `part ${part + 1} of the answer to prompt ${prompt} was generated ${count} times`;
      if (count > 1) yield { kind: 'doubled', what };
      if (count === 0 && whole) yield { kind: 'lost', what };
    }
  }
}
