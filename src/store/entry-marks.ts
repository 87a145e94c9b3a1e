import type { EntryMark } from '../ports/store.ts';
import type { Connection } from './connection.ts';

export interface MarksQuery {
  session: string;
  from: string;
  before: string;
  limit: number;
}

const selectMarks = `SELECT seq, id, kind, at FROM entries
  WHERE session = (SELECT num FROM sessions WHERE id = ?1)`;

/** By the index on ids alone: ids of what an agent said are in the order of its lines. */
export function marksBetween(connection: Connection, query: MarksQuery): EntryMark[] {
  const { session, from, before, limit } = query;
  const sql = `${selectMarks} AND id >= ?2 AND id < ?3 ORDER BY id LIMIT ?4`;
  return connection.all<EntryMark>(sql, session, from, before, limit);
}

export function marksNamed(
  connection: Connection,
  session: string,
  ids: readonly string[],
): EntryMark[] {
  const sql = `${selectMarks} AND id IN (SELECT value FROM json_each(?2))`;
  return connection.all<EntryMark>(sql, session, JSON.stringify(ids));
}
