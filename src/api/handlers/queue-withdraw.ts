import type { Handler } from '../handler.ts';

export const queueWithdraw: Handler<'queue.withdraw'> = async (input, context) => {
  const session = await context.session(input.session);
  const { queue } = context.engine;
  await queue.withdraw(session, input.prompt, context.caller.by);
  return { session, queued: (await queue.list(session)).items.length };
};
