import type { Draft } from '../draft.ts';

/** Records that a working agent says nothing (R9); nothing where the run waits for somebody or is over. */
export function decideStall(draft: Draft, run: string, silentMs: number): void {
  const { state } = draft;
  if (state.run?.id !== run || state.run.stalled || state.run.state === 'stopping') return;
  if (state.approvals.length > 0) return;
  draft.write('stall', { state: 'silent', silentMs });
}

/** The agent has said something: the run is no longer stalled. */
export function decideHeard(draft: Draft): void {
  if (draft.run?.stalled === true) draft.write('stall', { state: 'heard', silentMs: 0 });
}
