import { noSession } from '../caller.ts';
import type { Handler } from '../handler.ts';

export const sessionsRestore: Handler<'sessions.restore'> = async (input, context) => {
  const { session } = input;
  if (!(await context.wasHere(session)) || (await context.store.purged(session))) {
    throw noSession(session);
  }
  return { session: await context.engine.life.restore(session, context.caller.by) };
};
