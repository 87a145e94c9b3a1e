import type { Draft } from '../draft.ts';
import { isNode, type NewEntry } from '../entry.ts';
import { refuse } from '../refusal.ts';
import type { Command } from '../command.ts';
import { checkHead, checkSeq } from './head.ts';
import { demandEpoch } from './owner.ts';
import { endRun, withdrawApprovals } from './run.ts';
import { leaveRestore } from './snapshot.ts';

/** Opaque entries of a producer. A node among them moves the head, which only one writer may do at a time. */
export function append(draft: Draft, command: Extract<Command, { type: 'append' }>): void {
  const { expect, epoch } = command;
  demandEpoch(epoch);
  const seen = { field: 'expect', epoch: epoch.inForce } as const;
  if (expect !== undefined && 'head' in expect) checkHead(draft, expect.head, seen);
  if (expect !== undefined && 'seq' in expect) checkSeq(draft, expect.seq, seen);
  const nodes = command.entries.some((entry) => entry.parentId !== undefined);
  if (nodes && (draft.run !== null || draft.state.host !== null)) {
    const message =
      'The agent writes the conversation of this session: append without parentId, or wait.';
    throw refuse('busy', message, { field: 'entries' });
  }
  for (const { id, parentId, entryType, raw } of command.entries) {
    const parent = parentId === undefined ? {} : { parentId };
    const type = entryType === undefined ? {} : { type: entryType };
    draft.write('external', { ...type, raw }, { id, runId: null, ...parent });
  }
}

/** Entries of an exported log in their places: what is there already must be the same. */
export function importEntries(
  draft: Draft,
  { entries, after }: Extract<Command, { type: 'import' }>,
): void {
  if (draft.state.lastSeq !== after) {
    const message = 'Something else was written to this log at the same moment: import it again.';
    throw refuse('busy', message, { field: 'session' });
  }
  for (const entry of entries) {
    const { seq, digest: _, ...placed } = entry;
    const next = draft.state.lastSeq + 1;
    if (seq < next) continue;
    if (seq > next) {
      const message = `Entry ${seq} does not follow ${next - 1}: the log has a gap.`;
      throw refuse('invalid', message, { field: 'seq', data: { expected: next } });
    }
    if (isNode(entry) && entry.parentId === undefined) {
      throw refuse('invalid', `Entry ${seq} is a node and names no parent.`, { field: 'parentId' });
    }
    draft.place(placed as NewEntry);
  }
}

/** What was open when the log was exported is over here: no host of this machine works for it. */
export function settleImport(draft: Draft): void {
  const { host } = draft.state;
  if (host !== null) draft.write('host', { host: host.id, state: 'ended' }, { runId: null });
  leaveRestore(draft);
  withdrawApprovals(draft, 'the session was imported');
  const { run } = draft;
  if (run === null) return;
  const abort = { force: false, reason: 'stop', queue: 'keep' } as const;
  if (run.abort === null) draft.write('abort', abort);
  endRun(draft, { said: null, lost: true });
}
