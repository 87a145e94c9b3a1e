import type { Handler } from '../handler.ts';

export const sessionsCompact: Handler<'sessions.compact'> = async (input, context) => {
  const session = await context.session(input.session);
  const { keep, summary } = input;
  const asked = { keep, ...(summary === undefined ? {} : { summary }) };
  const answer = await context.engine.branches.compact(session, asked, context.caller.by);
  const { row } = await context.engine.get(session);
  return { session, key: row.key, ...answer };
};
