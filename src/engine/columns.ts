import { arrivingRow, rowOf } from '../domain/row.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { SessionColumns } from '../ports/store.ts';

/** What lists filter and sort by, derived from the state and from whether it is only on its way here. */
export function columnsOf(state: SessionState, arriving: boolean): SessionColumns {
  const row = arriving ? arrivingRow(rowOf(state)) : rowOf(state);
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
    status: row.status,
    archived,
    deletedAt,
    purgeAt,
    // What was deleted works no more.
    bypassUntil: deletedAt === null ? state.policy.bypassUntil : null,
    createdAt,
    updatedAt,
    lastActivityAt,
    meta,
    row: JSON.stringify(row),
  };
}
