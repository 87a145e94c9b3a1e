import { randomBytes } from 'node:crypto';
import type { Handler } from '../handler.ts';
import { tokenDigest } from '../tokens.ts';

export const tokensCreate: Handler<'tokens.create'> = async (input, { store, clock }) => {
  const secret = `tk_${randomBytes(32).toString('base64url')}`;
  const id = clock.newId();
  const now = clock.now();
  const expiresAt = input.ttlMs === undefined ? null : new Date(now + input.ttlMs).toISOString();
  await store.tokens.create({
    id,
    name: input.name,
    digest: tokenDigest(secret),
    user: input.user ?? null,
    scopes: [...new Set(input.scopes)],
    sessions: input.sessions === undefined ? null : [...new Set(input.sessions)],
    ...(input.organization === undefined ? {} : { organization: input.organization }),
    createdAt: new Date(now).toISOString(),
    expiresAt,
    revokedAt: null,
  });
  return { id, secret, expiresAt };
};
