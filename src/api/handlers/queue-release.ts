import type { Handler } from '../handler.ts';

export const queueRelease: Handler<'queue.release'> = async (input, context) => {
  const session = await context.session(input.session);
  return { session, ...(await context.engine.queue.release(session, context.caller.by)) };
};
