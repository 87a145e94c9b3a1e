import type { TokenRow } from '../ports/store.ts';
import type { Scope } from '../protocol/scope.ts';

/**
 * A ticket is a token that brings one session here. It has no scope, so that it may nothing else: what
 * whoever made it may do stands behind this word, for what the session's log sets.
 */
const mark = 'ticket';

/** Scopes of the ticket that a caller with these makes. */
export function ticketScopes(scopes: readonly Scope[]): string[] {
  return [mark, ...scopes.map((scope) => `${mark}:${scope}`)];
}

/** What may be in a log that comes in by a token; null where it is no ticket. */
export function ticketOf({ scopes }: Pick<TokenRow, 'scopes'>): readonly Scope[] | null {
  if (!scopes.includes(mark)) return null;
  const behind = scopes.filter((scope) => scope.startsWith(`${mark}:`));
  return behind.map((scope) => scope.slice(mark.length + 1) as Scope);
}
