import type { Handler } from '../handler.ts';
import { queueItemView } from '../queue-item.ts';

export const queueMove: Handler<'queue.move'> = async (input, context) => {
  const session = await context.session(input.session);
  const { queue } = context.engine;
  const item = await queue.move(session, input.prompt, input.to, context.caller.by);
  return { session, item: queueItemView(item) };
};
