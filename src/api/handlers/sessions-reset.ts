import type { Handler } from '../handler.ts';

export const sessionsReset: Handler<'sessions.reset'> = async (input, context) => {
  const session = await context.session(input.session);
  const row = await context.engine.life.reset(session, input.reason, context.caller.by);
  return { session: row };
};
