import type { By } from '../domain/entry.ts';
import { refuse, type RefusalError } from '../domain/refusal.ts';
import type { TokenRow } from '../ports/store.ts';
import type { Operation } from '../protocol/operation.ts';
import { allows, type Scope } from '../protocol/scope.ts';
import { ticketOf } from './ticket.ts';

/** Who asks: a token, and what it may do. */
export interface Caller {
  /** Id of the token. */
  token: string;
  scopes: readonly Scope[];
  /** The only sessions that the token may see; null for all. `reach.ts` says what that comes to. */
  sessions: readonly string[] | null;
  /** It is from inside a host: what descends from its sessions is its own, too, and it decides nothing. */
  inside: boolean;
  /** Of the session's writer as which it writes; null for whichever is in force. */
  epoch: number | null;
  /** The only organisation that it may name; null for any. */
  organization: string | null;
  /** Of a token that brings a session here: what whoever made it may do. Null for all others. */
  ticket: readonly Scope[] | null;
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
  epoch: null,
  organization: null,
  ticket: null,
  expiresAt: null,
  by: { type: 'server' },
};

export function callerOf(row: TokenRow, client: string | undefined): Caller {
  const ticket = ticketOf(row);
  return {
    token: row.id,
    scopes: ticket === null ? (row.scopes as readonly Scope[]) : [],
    sessions: row.sessions,
    inside: row.scopes.includes('inside'),
    epoch: row.epoch ?? null,
    organization: row.organization ?? null,
    ticket,
    expiresAt: row.expiresAt,
    by: {
      type: 'client',
      token: row.id,
      ...(row.user === null ? {} : { user: row.user }),
      ...(client === undefined ? {} : { client }),
    },
  };
}

/** Throws unless the caller may ask for what needs this scope. */
export function demandScope(caller: Caller, asked: Scope, operation: string): void {
  const message = whyNot(caller, asked, operation);
  if (message !== null) throw refuse('forbidden', message, { data: { scope: asked } });
}

/** Whether the caller may ask for what only administrators may. */
export function administers(caller: Caller): boolean {
  return whyNot(caller, 'admin', '') === null;
}

/** Throws unless the caller may give each field that the input has. */
export function demandFields(caller: Caller, { name, fields }: Operation, input: unknown): void {
  const given = new Map(Object.entries(input as object));
  for (const [field, asked] of Object.entries<Scope>(fields ?? {})) {
    if (given.get(field) === undefined) continue;
    const message = whyNot(caller, asked, `${name} with ${field}`);
    if (message !== null) throw refuse('forbidden', message, { field, data: { scope: asked } });
  }
}

/**
 * Two things hold whatever else a token was given: one from inside a host decides nothing and
 * administers nothing (it would answer its own questions), and one that is bound to sessions
 * administers nothing (it would reach the others).
 */
function whyNot(caller: Caller, asked: Scope, operation: string): string | null {
  if (caller.inside && (asked === 'approve' || asked === 'admin')) {
    return `Nothing inside a session calls ${operation}: a person does, by turnkeep outside of it.`;
  }
  if (!allows(caller.scopes, asked)) return `${operation} needs a token with the scope ${asked}.`;
  if (asked === 'admin' && caller.sessions !== null) {
    return `A token that is bound to sessions never calls ${operation}.`;
  }
  return null;
}

/** A ticket is for one session; who administers may do the same for any. */
export function demandTicketFor(session: string, { ticket, sessions }: Caller): void {
  if (ticket === null || sessions?.includes(session) === true) return;
  throw refuse('forbidden', 'This ticket is for another session.', { field: 'session' });
}

export function noSession(name: string): RefusalError {
  return refuse('not_found', `There is no session with the id or key ${JSON.stringify(name)}.`, {
    field: 'session',
  });
}
