import { rowOf } from '../domain/row.ts';
import { type SessionState, statusOf } from '../domain/session-state.ts';
import type { SessionColumns } from '../ports/store.ts';

/** What lists filter and sort by, derived from the state. */
export function columnsOf(state: SessionState): SessionColumns {
  const { agent, cwd, title, label, nativeId, parent, archived, meta } = state;
  // A deleted session gives its key free.
  const key = state.deletedAt === null ? state.key : null;
  const { createdAt, updatedAt, lastActivityAt, deletedAt, purgeAt } = state;
  return {
    key,
    agent,
    cwd,
    title,
    label,
    nativeId,
    parent,
    status: statusOf(state),
    archived,
    deletedAt,
    purgeAt,
    // What was deleted works no more.
    bypassUntil: deletedAt === null ? state.policy.bypassUntil : null,
    createdAt,
    updatedAt,
    lastActivityAt,
    meta,
    row: JSON.stringify(rowOf(state)),
  };
}
