import { refuse } from '../domain/refusal.ts';
import type { SessionPage, SessionQuery, SessionRow } from '../ports/store.ts';
import type { Connection } from './connection.ts';
import { cursorOf, readCursor } from './cursor.ts';
import { conditionsOf } from './session-filter.ts';

interface ListedRow {
  id: string;
  at: string;
  row: string | null;
}

/** A page of the list, newest first. `now` becomes `asOf` of a first page and stays with its cursor. */
export function readSessions(
  connection: Connection,
  query: SessionQuery,
  now: string,
): SessionPage {
  const column = query.sort === 'created' ? 'created_at' : 'last_activity_at';
  const wanted = conditionsOf(connection, query);
  let asOf = now;
  if (query.cursor !== undefined) {
    const [sort, at, id, since] = readCursor(query.cursor, [
      'string',
      'string',
      'string',
      'string',
    ]);
    asOf = since;
    // A cursor of the other order would skip rows without a word.
    if (sort !== query.sort) {
      throw refuse('invalid', `The cursor is of a list sorted by ${sort}.`, { field: 'cursor' });
    }
    wanted.push({ sql: `(s.${column}, s.id) < (?, ?)`, values: [at, id] });
  }
  const where = `WHERE ${wanted.map(({ sql }) => sql).join(' AND ')}`;
  const found = connection.all<ListedRow>(
    `SELECT s.id, s.${column} AS at, t.row FROM sessions s LEFT JOIN states t ON t.session = s.num
     ${where} ORDER BY s.${column} DESC, s.id DESC LIMIT ?`,
    ...wanted.flatMap(({ values }) => values),
    query.limit + 1,
  );
  const page = found.slice(0, query.limit);
  const last = page.at(-1);
  const more = found.length > page.length && last !== undefined;
  return {
    rows: page.map(sessionRow),
    next: more ? cursorOf([query.sort, last.at, last.id, asOf]) : null,
    asOf,
  };
}

function sessionRow({ id, row }: { id: string; row: string | null }): SessionRow {
  return { session: id, row: row ?? '{}' };
}

/** How many sessions a name may mean before it is of no use. */
const resolveLimit = 20;

/** Ways in which a name can mean a session, the surest first. A deleted one is meant by none. */
const meanings: readonly string[] = [
  'SELECT num FROM sessions WHERE id = ?1 AND deleted_at IS NULL',
  'SELECT num FROM sessions WHERE key = ?1 AND deleted_at IS NULL',
  'SELECT num FROM sessions WHERE label = ?1 AND deleted_at IS NULL ORDER BY num DESC LIMIT 20',
  // A prefix of a single id; of several it means something only where nothing else has this name.
  `SELECT max(num) AS num FROM (SELECT num FROM sessions
     WHERE id > ?1 AND id < ?1 || char(1114111) AND deleted_at IS NULL LIMIT 2) HAVING count(*) = 1`,
  'SELECT num FROM sessions WHERE title = ?1 AND deleted_at IS NULL ORDER BY num DESC LIMIT 20',
  `SELECT s.num FROM native_ids n JOIN sessions s ON s.num = n.session AND s.deleted_at IS NULL
   WHERE n.native_id = ?1 ORDER BY s.num DESC LIMIT 20`,
];

const sharedPrefix = `SELECT num FROM sessions
   WHERE id > ?1 AND id < ?1 || char(1114111) AND deleted_at IS NULL ORDER BY id DESC LIMIT 20`;

export function resolveName(connection: Connection, name: string): SessionRow[] {
  if (name === '') return [];
  const found = new Set<number>();
  const look = (sql: string) => {
    for (const { num } of connection.all<{ num: number }>(sql, name)) found.add(num);
  };
  for (const sql of meanings) look(sql);
  if (found.size === 0) look(sharedPrefix);
  return [...found].slice(0, resolveLimit).flatMap((num) => {
    const row = connection.get<{ id: string; row: string | null }>(
      'SELECT s.id, t.row FROM sessions s LEFT JOIN states t ON t.session = s.num WHERE s.num = ?',
      num,
    );
    return row === undefined ? [] : [sessionRow(row)];
  });
}
