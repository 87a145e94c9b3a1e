import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import { changeBetween, leftAs } from '../../domain/snapshot.ts';
import type { SnapshotSpanPage } from '../../ports/store.ts';
import type { OutputOf } from '../../protocol/operations.ts';
import { fileDiff } from '../file-diff.ts';
import type { Context, Handler } from '../handler.ts';

type File = OutputOf<'snapshots.diff'>['files'][number];

export const snapshotsDiff: Handler<'snapshots.diff'> = async (input, context) => {
  const session = await context.session(input.session);
  const { run, call, limit, cursor } = input;
  const page = await context.store.snapshotSpans({
    session,
    limit,
    ...(run === undefined ? {} : { run }),
    ...(call === undefined ? {} : { call }),
    ...(cursor === undefined ? {} : { after: cursor }),
  });
  if (page.files.length === 0) await demand(session, { run, call }, context);
  const files: File[] = [];
  let room: number = limits.diffChars;
  for (const file of page.files) {
    const shown = await fileOf(file, room, context);
    room -= shown.diff?.length ?? 0;
    files.push(shown);
  }
  return { session, files, next: page.next };
};

async function demand(
  session: string,
  { run, call }: { run: string | undefined; call: string | undefined },
  { store }: Context,
): Promise<void> {
  if (run !== undefined && (await store.run(session, run)) === undefined) {
    throw refuse('not_found', 'The session has no such run.', { field: 'run' });
  }
  if (call === undefined) return;
  const kind = (await store.entry(session, call))?.kind;
  if (kind === 'tool_call' || kind === 'restore') return;
  throw refuse('not_found', 'The session has no such tool call.', { field: 'call' });
}

async function fileOf(
  { path, first, last }: SnapshotSpanPage['files'][number],
  room: number,
  { store }: Context,
): Promise<File> {
  const { before, beforeFrom } = first.data;
  const after = leftAs(last.data);
  const change = changeBetween(before, after);
  const known = { path, before, beforeFrom, after, first: first.id, last: last.id };
  const { diff, none } = await fileDiff(store, { path, before, after });
  const told = change === 'unknown' && first.id === last.id ? first.data.change : change;
  if (diff !== null && diff.length > room) {
    return { ...known, change: told, diff: null, none: 'full' };
  }
  return { ...known, change: told, diff, ...(none === undefined ? {} : { none }) };
}
