import type { By } from '../domain/entry.ts';
import { refuse, type RefusalError } from '../domain/refusal.ts';
import type { TokenRow } from '../ports/store.ts';
import { allows, type Scope } from '../protocol/scope.ts';

/** Who asks: a token, and what it may do. */
export interface Caller {
  /** Id of the token. */
  token: string;
  scopes: readonly Scope[];
  /** The only sessions that the token may see; null for all. */
  sessions: readonly string[] | null;
  /** ISO 8601 UTC, null for never. */
  expiresAt: string | null;
  /** How entries name the caller. */
  by: By;
}

/** The caller of what needs no token: holds no scope and sees no session. */
export const nobody: Caller = {
  token: '',
  scopes: [],
  sessions: [],
  expiresAt: null,
  by: { type: 'server' },
};

export function callerOf(row: TokenRow, client: string | undefined): Caller {
  return {
    token: row.id,
    scopes: row.scopes as readonly Scope[],
    sessions: row.sessions,
    expiresAt: row.expiresAt,
    by: {
      type: 'client',
      token: row.id,
      ...(row.user === null ? {} : { user: row.user }),
      ...(client === undefined ? {} : { client }),
    },
  };
}

/**
 * Throws unless the caller may ask for what needs this scope. Two things hold whatever else a token
 * was given: one from inside a host decides nothing and administers nothing (it would answer its
 * own questions), and one that is bound to sessions administers nothing (it would reach the
 * others).
 */
export function demandScope(caller: Caller, asked: Scope, operation: string): void {
  if (!allows(caller.scopes, asked)) {
    throw refuse('forbidden', `${operation} needs a token with the scope ${asked}.`, {
      data: { scope: asked },
    });
  }
  const inside = caller.scopes.includes('inside');
  if (inside && (asked === 'approve' || asked === 'admin')) {
    throw refuse('forbidden', `A token of a host never calls ${operation}, whatever its scopes.`);
  }
  if (asked === 'admin' && caller.sessions !== null) {
    throw refuse('forbidden', `A token that is bound to sessions never calls ${operation}.`);
  }
}

export function maySee(caller: Caller, session: string): boolean {
  return caller.sessions === null || caller.sessions.includes(session);
}

/** The same words for a session that is not there and for one that the caller may not see. */
export function noSession(name: string): RefusalError {
  return refuse('not_found', `There is no session with the id or key ${JSON.stringify(name)}.`, {
    field: 'session',
  });
}
