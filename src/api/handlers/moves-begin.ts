import { moveView } from '../move-view.ts';
import type { Handler } from '../handler.ts';

export const movesBegin: Handler<'moves.begin'> = async (input, context) => {
  const session = await context.session(input.session);
  const { to, cwd } = input;
  const { url, token } = to;
  const given = { url, token, ...(cwd === undefined ? {} : { cwd }) };
  return { move: moveView(await context.moves.begin(session, given, context.caller.by)) };
};
