import { limits } from '../domain/limits.ts';
import type { Connection } from './connection.ts';

/** The session, its parent, the parent of that, and so on. A parent never changes, so there is no cycle. */
export function lineage(connection: Connection, session: string): string[] {
  const sql = `WITH RECURSIVE line (id, depth) AS (
      SELECT ?1, 0
      UNION ALL
      SELECT s.parent, line.depth + 1 FROM line JOIN sessions s ON s.id = line.id
      WHERE s.parent IS NOT NULL AND line.depth < ?2
    ) SELECT id FROM line ORDER BY depth`;
  return connection.all<{ id: string }>(sql, session, limits.sessionDepth).map(({ id }) => id);
}

/** The sessions and their descendants, generation by generation, as many as a list may go through. */
export function family(connection: Connection, sessions: readonly string[]): string[] {
  const sql = `WITH RECURSIVE tree (id, depth) AS (
      SELECT value, 0 FROM json_each(?1)
      UNION ALL
      SELECT s.id, tree.depth + 1 FROM tree JOIN sessions s ON s.parent = tree.id
      WHERE tree.depth < ?2
      LIMIT ?3
    ) SELECT DISTINCT id FROM tree`;
  const roots = JSON.stringify(sessions);
  return connection
    .all<{ id: string }>(sql, roots, limits.sessionDepth, limits.familySessions)
    .map(({ id }) => id);
}

export function childrenOf(connection: Connection, session: string): number {
  const sql =
    'SELECT count(*) AS count FROM sessions WHERE parent = ? AND archived = 0 AND deleted_at IS NULL';
  return connection.get<{ count: number }>(sql, session)?.count ?? 0;
}

/** How many sessions that are not deleted have each of these as their parent. */
export function countChildren(
  connection: Connection,
  sessions: readonly string[],
): { readonly [session: string]: number } {
  const rows = connection.all<{ parent: string; count: number }>(
    `SELECT parent, count(*) AS count FROM sessions
     WHERE parent IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL GROUP BY parent`,
    JSON.stringify(sessions),
  );
  return Object.fromEntries(rows.map(({ parent, count }) => [parent, count]));
}
