import type { SessionQuery } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';

/** A condition of a list's query; `s` is the session's row. */
export interface Condition {
  sql: string;
  values: SqlValue[];
}

/** A condition that an index can answer: `count` counts what it finds, up to `?` as its last value. */
interface Filter extends Condition {
  count: string;
  /** The same for rows that something else has found, where no index is to be used for it. */
  check: string;
  /** Its index has the rows in the order of their creation. */
  ordered: boolean;
}

/** Fewer rows than this are read and sorted; of more, the order is walked until a page is full. */
const fewRows = 500;

function filterOf(column: string, test: string, value: SqlValue): Filter {
  return {
    ordered: test === equal,
    sql: `s.${column} ${test}`,
    check: `+s.${column} ${test}`,
    count: `SELECT count(*) AS count FROM (SELECT 1 FROM sessions s
      WHERE s.${column} ${test} AND s.deleted_at IS NULL LIMIT ?)`,
    values: [value],
  };
}

const equal = '= ?';

function same(column: string, value: string | number | undefined): Filter[] {
  return value === undefined ? [] : [filterOf(column, equal, value)];
}

function oneOf(column: string, values: readonly string[] | undefined): Filter[] {
  if (values === undefined) return [];
  const [only] = values;
  if (values.length === 1) return same(column, only);
  return [filterOf(column, 'IN (SELECT value FROM json_each(?))', JSON.stringify(values))];
}

function metaIs([name, value]: [string, string]): Filter {
  const found = 'SELECT session FROM session_meta WHERE name = ? AND value = ?';
  return {
    ordered: false,
    sql: `s.num IN (${found})`,
    check: `EXISTS (${found} AND session = s.num)`,
    count: `SELECT count(*) AS count FROM (${found} LIMIT ?)`,
    values: [name, value],
  };
}

function filters(query: SessionQuery): Filter[] {
  const archived = query.archived === undefined ? undefined : query.archived ? 1 : 0;
  return [
    ...oneOf('id', query.sessions),
    ...same('parent', query.parent),
    ...same('label', query.label),
    ...Object.entries(query.meta ?? {}).map(metaIs),
    ...same('cwd', query.cwd),
    ...oneOf('status', query.status),
    ...same('agent', query.agent),
    ...same('archived', archived),
  ];
}

/** What no index answers. */
function others(query: SessionQuery): Condition[] {
  const conditions = [
    {
      sql: `s.deleted_at IS ${query.deleted === true ? 'NOT ' : ''}NULL`,
      values: [] as SqlValue[],
    },
  ];
  if (query.updatedSince !== undefined)
    conditions.push({ sql: 's.updated_at >= ?', values: [query.updatedSince] });
  // instr takes the text as it is: nothing in it is a pattern. Case is folded as JavaScript folds it,
  // which SQLite's LIKE does for ASCII only.
  if (query.text !== undefined)
    conditions.push({ sql: 'instr(s.haystack, ?) > 0', values: [query.text.toLowerCase()] });
  return conditions;
}

/**
 * The conditions of a list, of which at most one is to find its rows. The database cannot know how much a
 * filter leaves: one that leaves few rows finds them, to be sorted; where all leave many, they are walked in
 * the order of the list, in which a page is soon full.
 */
export function conditionsOf(connection: Connection, query: SessionQuery): Condition[] {
  const wanted = filters(query);
  const finds = query.deleted === true ? undefined : finding(connection, query, wanted);
  const chosen = wanted.map((filter) => ({
    sql: filter === finds ? filter.sql : filter.check,
    values: filter.values,
  }));
  return [...others(query), ...chosen];
}

function finding(
  connection: Connection,
  query: SessionQuery,
  wanted: readonly Filter[],
): Filter | undefined {
  let fewest = fewRows;
  let found: Filter | undefined;
  for (const filter of wanted) {
    const { count = 0 } =
      connection.get<{ count: number }>(filter.count, ...filter.values, fewRows) ?? {};
    if (count >= fewest) continue;
    fewest = count;
    found = filter;
  }
  return found ?? (query.sort === 'created' ? wanted.find(({ ordered }) => ordered) : undefined);
}
