import { refuse } from '../../domain/refusal.ts';
import type { FileSide } from '../../domain/snapshot.ts';
import type { Handler } from '../handler.ts';
import { fileText } from '../file-text.ts';

/** Both texts fit into one answer. */
const textBytes = 256 * 1024;

export const snapshotsGet: Handler<'snapshots.get'> = async (input, context) => {
  const session = await context.session(input.session);
  const snapshot = await context.store.entry(session, input.snapshot);
  if (snapshot?.kind !== 'snapshot') {
    throw refuse('not_found', 'The session has no snapshot with this id.', { field: 'snapshot' });
  }
  const textOf = async (side: FileSide | undefined): Promise<string | null> =>
    side?.state === 'file' ? fileText(context.store, side, textBytes) : null;
  const { before, after } = snapshot.data;
  return { session, snapshot, before: await textOf(before), after: await textOf(after) };
};
