import { allows } from '../../protocol/scope.ts';
import type { Handler } from '../handler.ts';

export const queueRelease: Handler<'queue.release'> = async (input, context) => {
  const session = await context.session(input.session);
  const { by, inside, scopes } = context.caller;
  const beyondBudget = !inside && allows(scopes, 'approve');
  return { session, ...(await context.engine.queue.release(session, by, { beyondBudget })) };
};
