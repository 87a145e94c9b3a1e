import { demandTicketFor } from '../caller.ts';
import type { Handler } from '../handler.ts';

export const movesWithdraw: Handler<'moves.withdraw'> = async ({ session }, context) => {
  const { engine, store, clock, caller } = context;
  demandTicketFor(session, caller);
  const arrival = engine.arrivals.list.find((one) => one.session === session);
  await engine.arrivals.withdraw(session);
  // That of a session that is here by now is not among them any more.
  const token = arrival?.token ?? (caller.ticket === null ? null : caller.token);
  if (token !== null) {
    await store.tokens.revoke(token, new Date(clock.now()).toISOString());
    if (token === caller.token) context.afterAnswer(() => context.revoked(token));
    else context.revoked(token);
  }
  return { session };
};
