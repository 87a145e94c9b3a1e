import type { Command } from '../command.ts';
import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';

type Of<Type extends Command['type']> = Extract<Command, { type: Type }>;

/** Files as a tool call found and left them. They may come after the end of its run, and so name it in their data. */
export function snapshot(draft: Draft, { about, files }: Of<'snapshot'>): void {
  for (const { id, data } of files) draft.write('snapshot', data, { id, about, runId: null });
}

/** What is meant to be put back, before anything is done about it. */
export function beginRestore(draft: Draft, { id, forced, files }: Of<'begin_restore'>): void {
  if (draft.state.restore !== null) throw restoring();
  if (draft.run !== null && !forced) throw working();
  draft.write('restore', { state: 'begun', forced, files }, { id, runId: null });
}

/** While the agent works it may write the same files. */
export function working(): Error {
  const message = 'The agent of this session works: wait for its run to end, or force it.';
  return refuse('busy', message, { field: 'session' });
}

/** What came of it; the chains of the files go on with what they are now. */
export function endRestore(draft: Draft, { about, files, snapshots }: Of<'end_restore'>): void {
  if (draft.state.restore !== about) return;
  draft.write('restore', { state: 'ended', files }, { about, runId: null });
  for (const { id, data } of snapshots) draft.write('snapshot', data, { id, about, runId: null });
}

/** The log comes from another machine: nothing is put back on this one. */
export function leaveRestore(draft: Draft): void {
  const { restore } = draft.state;
  if (restore !== null)
    endRestore(draft, { type: 'end_restore', about: restore, files: [], snapshots: [] });
}

export function restoring(): Error {
  const message = 'Files of this session are being restored at this moment: ask again.';
  return refuse('busy', message, { field: 'session' });
}
