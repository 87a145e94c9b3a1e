import type { Draft } from '../draft.ts';
import type { Answer, Command } from '../command.ts';
import { withdrawAll } from './queue.ts';
import { condemnHost, endRun, withdrawApprovals } from './run.ts';

export function abort(draft: Draft, command: Extract<Command, { type: 'abort' }>): Answer {
  const { run, queue } = draft.state;
  if (run === null || (command.run !== undefined && command.run !== run.id)) {
    return { type: 'aborting', run: null, queued: queue.length };
  }
  const { force, reason } = command;
  const harder = force && !(run.abort?.force ?? false);
  const other = command.queue === 'withdraw' || run.abort?.reason === 'interrupt';
  if (run.state !== 'stopping' || harder || other) {
    beginAbort(draft, { force, reason, queue: command.queue });
  } else if (force) {
    // Asked again: the last step is tried again.
    draft.effects.push({ type: 'climb', run: run.id, force });
  }
  return { type: 'aborting', run: run.id, queued: draft.state.queue.length };
}

/** The intent first (R4); then approvals are settled and the agent is asked, all in one transaction. */
export function beginAbort(
  draft: Draft,
  how: {
    force: boolean;
    reason: 'asked' | 'timeout' | 'stop' | 'interrupt' | 'budget';
    queue: 'keep' | 'withdraw';
  },
): void {
  const run = draft.run!;
  const first = run.state !== 'stopping';
  const waiting = draft.state.queue;
  draft.write('abort', how);
  if (how.queue === 'withdraw') {
    withdrawAll(draft, 'aborted', waiting);
  }
  withdrawApprovals(draft, 'the run is being aborted');
  if (
    run.state === 'starting' &&
    run.prompts.every((prompt) => prompt.state === 'waiting') &&
    !how.force
  ) {
    return endRun(draft, { said: 'cancelled' });
  }
  if (first) draft.tell({ type: 'cancel', run: run.id });
  if (how.force) condemnHost(draft, 'force');
  draft.effects.push({ type: 'climb', run: run.id, force: how.force });
}
