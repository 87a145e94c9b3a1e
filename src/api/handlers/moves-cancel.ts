import type { Handler } from '../handler.ts';
import { moveView } from '../move-view.ts';

export const movesCancel: Handler<'moves.cancel'> = async (input, context) => {
  const session = await context.session(input.session);
  return { move: moveView(await context.moves.cancel(session)) };
};
