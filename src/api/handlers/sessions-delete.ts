import { refuse, RefusalError } from '../../domain/refusal.ts';
import type { Context, Handler } from '../handler.ts';

export const sessionsDelete: Handler<'sessions.delete'> = async (input, context) => {
  const session = await deletable(input.session, context);
  await demandStill(session, context);
  const { life } = context.engine;
  const { by } = context.caller;
  if (!input.purge) await demandOwn(session, context);
  if (input.purge || (await context.store.purged(session))) {
    await life.purge(session, by);
    return { session, deletedAt: null, purgeAt: null, purged: true };
  }
  return { session, ...(await life.remove(session, by)), purged: false };
};

/** Its new place does not know it yet: nobody would have it any more. */
async function demandStill(session: string, { moves, store }: Context): Promise<void> {
  const leaves = moves.list().some((move) => move.session === session && move.endedAt === null);
  // Also one that its new place refuses so far: it is stored until that has taken it.
  const left = leaves || (await store.moves.departures()).some((one) => one.session === session);
  if (left) throw refuse('busy', 'This session is on its way elsewhere.', { field: 'session' });
}

/** What is written behind the entry by which a session has moved keeps it from ever coming back. */
async function demandOwn(session: string, { engine }: Context): Promise<void> {
  const { row } = await engine.get(session).catch((error: unknown) => {
    if (error instanceof RefusalError && error.refusal.code === 'not_found') return { row: null };
    throw error;
  });
  if (row?.writer.state !== 'moved') return;
  const message =
    'This is a copy of a session that has moved: it can only be removed for good (purge).';
  throw refuse('fenced', message, { field: 'purge' });
}

/** One that is deleted already is named by its id only: a repeated call answers as the first. */
async function deletable(name: string, context: Context): Promise<string> {
  try {
    return await context.session(name);
  } catch (error) {
    const unknown = error instanceof RefusalError && error.refusal.code === 'not_found';
    if (!unknown || !(await context.wasHere(name))) throw error;
    return name;
  }
}
