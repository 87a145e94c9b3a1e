import { randomBytes } from 'node:crypto';
import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import type { Handler } from '../handler.ts';
import { ticketScopes } from '../ticket.ts';
import { tokenDigest } from '../tokens.ts';

export const movesOffer: Handler<'moves.offer'> = async (input, context) => {
  const { engine, store, clock, caller, config } = context;
  if (caller.sessions !== null) {
    throw refuse('forbidden', 'A token that is bound to sessions brings none here.');
  }
  const { session, server: from, ...wanted } = input;
  const secret = `tk_${randomBytes(32).toString('base64url')}`;
  const token = clock.newId();
  const now = clock.now();
  const expiresAt = new Date(now + limits.ticketMs).toISOString();
  const earlier = engine.arrivals.list.find((one) => one.session === session);
  const expected = { ...wanted, from, token, expiresAt };
  const found = await engine.arrivals.expect(session, expected);
  if (earlier !== undefined) await end(earlier.token, context);
  await store.tokens.create({
    id: token,
    name: `move of ${session}`,
    digest: tokenDigest(secret),
    user: caller.by.type === 'client' ? (caller.by.user ?? null) : null,
    scopes: ticketScopes(caller.scopes),
    sessions: [session],
    createdAt: new Date(now).toISOString(),
    expiresAt,
    revokedAt: null,
  });
  return { server: config.server, ticket: secret, expiresAt, ...found };
};

/** One that is offered again comes by its new ticket alone. */
async function end(token: string, context: Parameters<Handler<'moves.offer'>>[1]): Promise<void> {
  const { store, clock } = context;
  await store.tokens.revoke(token, new Date(clock.now()).toISOString());
  context.revoked(token);
}
