import type { RunEnded } from '../domain/entry.ts';
import type { RunRow } from '../ports/store.ts';
import type { OutputOf } from '../protocol/operations.ts';

type RunView = OutputOf<'runs.get'>['run'];

/** A run as clients see it: its row, and what its terminal entry told but the proof. */
export function runView(row: RunRow): RunView {
  const { run: id, ended, ...columns } = row;
  const state = ended === null ? 'open' : 'ended';
  if (ended === null) return { ...columns, id, state };
  const { proof: _proof, outcome: _outcome, ...told } = JSON.parse(ended) as RunEnded;
  return { ...columns, id, state, ...told };
}
