import type { RunOutcome } from './entry.ts';

/**
 * A run's life:
 *
 *   starting ──taken──▶ working ──abort──▶ stopping
 *      │                   │                  │
 *      └──────abort────────┼────────▶ stopping│
 *      └──────ended────────┴─────ended────────┴──▶ ended (exactly one outcome, nothing after it)
 *
 * `starting`: a prompt was taken for it; the agent has not shown yet that it has it.
 * `stopping`: the intent to end it is in the log; the ladder is being climbed.
 */
export type RunState = 'starting' | 'working' | 'stopping' | 'ended';
export type OpenRunState = Exclude<RunState, 'ended'>;
export type RunEvent = 'taken' | 'abort' | 'ended';

/** What an event does to a run: the next state, or nothing (`same`), or it must not happen (`refuse`). */
export type RunStep = RunState | 'same' | 'refuse';

export const runTable: Record<RunState, Record<RunEvent, RunStep>> = {
  starting: { taken: 'working', abort: 'stopping', ended: 'ended' },
  working: { taken: 'same', abort: 'stopping', ended: 'ended' },
  stopping: { taken: 'same', abort: 'same', ended: 'ended' },
  ended: { taken: 'refuse', abort: 'refuse', ended: 'refuse' },
};

/** The state of an open run after an event that does not end it. */
export function advance(state: OpenRunState, event: 'taken' | 'abort'): OpenRunState {
  const next = runTable[state][event];
  return next === 'same' || next === 'refuse' || next === 'ended' ? state : next;
}

/**
 * How a run that its agent's words or end concluded is called. A run under abort that ends is `cancelled`
 * whatever the agent calls it, unless it had to be killed; an agent's "end of turn" after an error is
 * `failed` already in the decoder.
 */
export function outcomeOf(ended: {
  state: RunState;
  said: 'completed' | 'cancelled' | 'failed' | null;
  killed: boolean;
  lost: boolean;
}): RunOutcome {
  if (ended.killed) return 'killed';
  if (ended.lost) return 'lost';
  if (ended.state === 'stopping') return 'cancelled';
  return ended.said ?? 'failed';
}
