import { refuse, RefusalError } from '../../domain/refusal.ts';
import type { Context, Handler } from '../handler.ts';

export const sessionsDelete: Handler<'sessions.delete'> = async (input, context) => {
  const session = await deletable(input.session, context);
  demandStill(session, context);
  const { life } = context.engine;
  const { by } = context.caller;
  if (input.purge || (await context.store.purged(session))) {
    await life.purge(session, by);
    return { session, deletedAt: null, purgeAt: null, purged: true };
  }
  return { session, ...(await life.remove(session, by)), purged: false };
};

/** Its new place does not know it yet: nobody would have it any more. */
function demandStill(session: string, { moves }: Context): void {
  const leaves = moves.list().some((move) => move.session === session && move.endedAt === null);
  if (leaves) throw refuse('busy', 'This session is on its way elsewhere.', { field: 'session' });
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
