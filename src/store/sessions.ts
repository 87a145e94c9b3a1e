import { refuse } from '../domain/refusal.ts';
import type { SessionPage, SessionQuery, SessionRow } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';
import { cursorOf, readCursor } from './cursor.ts';

interface Condition {
  sql: string;
  values: SqlValue[];
}

function sameIn(column: string, value: string | undefined): Condition[] {
  return value === undefined ? [] : [{ sql: `s.${column} = ?`, values: [value] }];
}

function oneOf(column: string, values: readonly string[] | undefined): Condition[] {
  if (values === undefined) return [];
  return [
    { sql: `s.${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] },
  ];
}

function conditions(query: SessionQuery): Condition[] {
  const meta = Object.entries(query.meta ?? {}).map(([name, value]) => ({
    sql: 's.num IN (SELECT session FROM session_meta WHERE name = ? AND value = ?)',
    values: [name, value],
  }));
  const archived =
    query.archived === undefined
      ? []
      : [{ sql: 's.archived = ?', values: [query.archived ? 1 : 0] }];
  const since =
    query.updatedSince === undefined
      ? []
      : [{ sql: 's.updated_at >= ?', values: [query.updatedSince] }];
  // instr takes the text as it is: nothing in it is a pattern. Case is folded as JavaScript folds it,
  // which SQLite's LIKE does for ASCII only.
  const text =
    query.text === undefined
      ? []
      : [{ sql: 'instr(s.haystack, ?) > 0', values: [query.text.toLowerCase()] }];
  return [
    ...oneOf('status', query.status),
    ...sameIn('agent', query.agent),
    ...sameIn('label', query.label),
    ...sameIn('cwd', query.cwd),
    ...sameIn('parent', query.parent),
    ...oneOf('id', query.sessions),
    { sql: `s.deleted_at IS ${query.deleted === true ? 'NOT ' : ''}NULL`, values: [] },
    ...archived,
    ...since,
    ...text,
    ...meta,
  ];
}

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
  const wanted = conditions(query);
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
  // Only a prefix of a single id means anything.
  `SELECT max(num) AS num FROM (SELECT num FROM sessions
     WHERE id > ?1 AND id < ?1 || char(1114111) AND deleted_at IS NULL LIMIT 2) HAVING count(*) = 1`,
  'SELECT num FROM sessions WHERE title = ?1 AND deleted_at IS NULL ORDER BY num DESC LIMIT 20',
  `SELECT s.num FROM native_ids n JOIN sessions s ON s.num = n.session AND s.deleted_at IS NULL
   WHERE n.native_id = ?1 ORDER BY s.num DESC LIMIT 20`,
];

export function resolveName(connection: Connection, name: string): SessionRow[] {
  if (name === '') return [];
  const found = new Set<number>();
  for (const sql of meanings) {
    for (const { num } of connection.all<{ num: number }>(sql, name)) found.add(num);
  }
  return [...found].slice(0, resolveLimit).flatMap((num) => {
    const row = connection.get<{ id: string; row: string | null }>(
      'SELECT s.id, t.row FROM sessions s LEFT JOIN states t ON t.session = s.num WHERE s.num = ?',
      num,
    );
    return row === undefined ? [] : [sessionRow(row)];
  });
}
