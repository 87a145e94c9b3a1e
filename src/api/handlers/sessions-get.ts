import type { Handler } from '../handler.ts';

export const sessionsGet: Handler<'sessions.get'> = async (input, context) => {
  const { row, host } = await context.engine.get(await context.session(input.session));
  return { session: row, host };
};
