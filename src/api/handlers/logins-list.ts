import { refuse } from '../../domain/refusal.ts';
import { administers } from '../caller.ts';
import type { Handler } from '../handler.ts';

/** A login learns of no other one, unless it may end it. */
export const loginsList: Handler<'logins.list'> = async (_input, { logins, caller }) => {
  if (logins === undefined) throw refuse('unsupported', 'This daemon serves no console.');
  const rows = await logins.list();
  const shown = administers(caller) ? rows : rows.filter(({ id }) => id === caller.token);
  return {
    logins: shown.map(({ id, name, scopes, createdAt, usedAt = createdAt, expiresAt }) => ({
      id,
      name,
      own: id === caller.token,
      scopes: [...scopes],
      createdAt,
      usedAt,
      expiresAt,
    })),
  };
};
