import type { Handler } from '../handler.ts';

export const tokensRevoke: Handler<'tokens.revoke'> = async ({ id }, context) => {
  const at = new Date(context.clock.now()).toISOString();
  const revoked = await context.store.tokens.revoke(id, at);
  // One that ends itself is still answered.
  if (id === context.caller.token) context.afterAnswer(() => context.revoked(id));
  else context.revoked(id);
  return { revoked };
};
