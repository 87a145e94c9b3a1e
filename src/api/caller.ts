import type { By } from '../domain/entry.ts';
import { refuse, type RefusalError } from '../domain/refusal.ts';
import type { TokenRow } from '../ports/store.ts';
import { allows, type Scope } from '../protocol/scope.ts';

/** Who asks: a token, and what it may do. */
export interface Caller {
  /** Id of the token. */
  token: string;
  scopes: readonly Scope[];
  /** The only sessions that the token may see; null for all. `reach.ts` says what that comes to. */
  sessions: readonly string[] | null;
  /** It is from inside a host: what descends from its sessions is its own, too, and it decides nothing. */
  inside: boolean;
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
  inside: false,
  expiresAt: null,
  by: { type: 'server' },
};

export function callerOf(row: TokenRow, client: string | undefined): Caller {
  return {
    token: row.id,
    scopes: row.scopes as readonly Scope[],
    sessions: row.sessions,
    inside: row.scopes.includes('inside'),
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
  if (caller.inside && (asked === 'approve' || asked === 'admin')) {
    const message = `Nothing inside a session calls ${operation}: a person does, by turnkeep outside of it.`;
    throw refuse('forbidden', message, { data: { scope: asked } });
  }
  if (!allows(caller.scopes, asked)) {
    throw refuse('forbidden', `${operation} needs a token with the scope ${asked}.`, {
      data: { scope: asked },
    });
  }
  if (asked === 'admin' && caller.sessions !== null) {
    throw refuse('forbidden', `A token that is bound to sessions never calls ${operation}.`);
  }
}

/** The same words for a session that is not there and for one that the caller may not see. */
export function noSession(name: string): RefusalError {
  return refuse('not_found', `There is no session with the id or key ${JSON.stringify(name)}.`, {
    field: 'session',
  });
}
