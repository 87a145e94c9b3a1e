import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';
import type { Command, Deleted, ForkFrom } from '../command.ts';
import { checkHead } from './head.ts';
import { withdrawAll } from './queue.ts';

/** Refuses what must not happen beside an agent that still works. */
function demandRest(draft: Draft, what: string): void {
  if (draft.run !== null || draft.state.host !== null) {
    throw refuse('unavailable', `The agent could not be stopped, so nothing was ${what}.`);
  }
}

/** A new conversation in the same session: the queue goes, the log stays. */
export function reset(draft: Draft, reason: 'new' | 'reset'): void {
  demandRest(draft, 'changed');
  withdrawAll(draft, 'the session was reset');
  draft.write('reset', { reason });
}

/** A boundary before the entry that is kept first. */
export function compact(draft: Draft, command: Extract<Command, { type: 'compact' }>): void {
  if (draft.run !== null) {
    throw refuse('busy', 'A run is open: wait for its end, or abort it, then compact.');
  }
  checkHead(draft, command.head);
  const { keep, keepSeq, summary, primer } = command;
  draft.write('compaction', {
    keep,
    keepSeq,
    ...(summary === undefined ? {} : { summary }),
    ...(primer === undefined ? {} : { primer }),
  });
}

/** The first entry of a fork. */
export function fork(draft: Draft, from: ForkFrom): void {
  draft.write('fork', from);
}

export function remove(draft: Draft, until: string): Deleted {
  if (draft.state.deletedAt === null) {
    demandRest(draft, 'deleted');
    withdrawAll(draft, 'the session was deleted');
    draft.write('deletion', { state: 'deleted', purgeAt: until });
  }
  const { deletedAt, purgeAt } = draft.state;
  return { type: 'deleted', deletedAt: deletedAt ?? '', purgeAt: purgeAt ?? '' };
}

export function restore(draft: Draft, key: string | null): void {
  if (draft.state.deletedAt === null) return;
  draft.write('deletion', { state: 'restored' });
  if (key !== draft.state.key) draft.write('settings', { from: 'server', changes: { key } });
}
