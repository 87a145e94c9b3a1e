import type { Handler } from '../handler.ts';
import { queueItemView } from '../queue-item.ts';

export const queueList: Handler<'queue.list'> = async (input, context) => {
  const session = await context.session(input.session);
  const { held, items } = await context.engine.queue.list(session);
  return { session, held, items: items.map(queueItemView) };
};
