import type { Connection } from './connection.ts';

/** What stays of a session that was purged: its id, and the hosts that it had. */
export function purgedHosts(connection: Connection, session: string): string[] | undefined {
  const sql = 'SELECT hosts FROM purged WHERE id = ?';
  const row = connection.get<{ hosts: string }>(sql, session);
  return row && (JSON.parse(row.hosts) as string[]);
}

export function isPurged(connection: Connection, session: string): boolean {
  return connection.get('SELECT 1 FROM purged WHERE id = ?', session) !== undefined;
}
