import type { EventCursor, EventRow } from '../ports/hooks.ts';
import type { Connection } from './connection.ts';

/** Remembers that hooks are to be told of an entry, in the transaction that stores it. */
export function writeEvent(connection: Connection, session: string, seq: number): void {
  connection.run('INSERT INTO hook_events (session, seq) VALUES (?, ?)', session, seq);
}

export function eventsAfter(connection: Connection, num: number, limit: number): EventRow[] {
  const sql = 'SELECT num, session, seq FROM hook_events WHERE num > ? ORDER BY num LIMIT ?';
  return connection.all<EventRow>(sql, num, limit);
}

/** New hooks begin at the end: what was before them is not theirs. */
export function beginEvents(connection: Connection, hooks: readonly string[]): EventCursor[] {
  return connection.transaction(() => {
    connection.run(
      'DELETE FROM hook_cursors WHERE hook NOT IN (SELECT value FROM json_each(?))',
      JSON.stringify(hooks),
    );
    const last = lastNum(connection);
    for (const hook of hooks) {
      const sql = 'INSERT INTO hook_cursors (hook, num) VALUES (?, ?) ON CONFLICT DO NOTHING';
      connection.run(sql, hook, last);
    }
    removeHad(connection);
    return connection.all<EventCursor>('SELECT hook, num FROM hook_cursors ORDER BY hook');
  });
}

export function moveEvents(connection: Connection, hook: string, num: number): void {
  connection.transaction(() => {
    connection.run('UPDATE hook_cursors SET num = ? WHERE hook = ? AND num < ?', num, hook, num);
    removeHad(connection);
  });
}

export function trimEvents(connection: Connection, keep: number): number {
  return connection.transaction(() => {
    const last = lastNum(connection) - keep;
    connection.run('DELETE FROM hook_events WHERE num <= ?', last);
    return Math.max(0, last);
  });
}

function removeHad(connection: Connection): void {
  connection.run(
    `DELETE FROM hook_events
     WHERE num <= coalesce((SELECT min(num) FROM hook_cursors), (SELECT max(num) FROM hook_events))`,
  );
}

/** The last number that was given, also of an event that is gone. */
function lastNum(connection: Connection): number {
  const sql = `SELECT seq FROM sqlite_sequence WHERE name = 'hook_events'`;
  return connection.get<{ seq: number }>(sql)?.seq ?? 0;
}
