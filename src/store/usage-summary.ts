import type { Money, UsageGroup } from '../domain/usage.ts';
import type { UsageQuery, UsageRow, UsageSum, UsageSummary } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';
import { cursorOf, readCursor } from './cursor.ts';

/** What is grouped by: the column, and whether the newest comes first. Sessions by their number. */
const groupings: Readonly<Record<UsageGroup, { column: string; descending: boolean }>> = {
  session: { column: 'u.session', descending: true },
  agent: { column: 's.agent', descending: false },
  model: { column: 'u.model', descending: false },
  day: { column: 'u.day', descending: true },
  directory: { column: 's.cwd', descending: false },
};

/** What tells a group from others: a value for each of what is grouped by. */
type Parts = { [Group in UsageGroup]?: string | number };

interface StoredSum {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  thought: number;
  reports: number;
  runs: number;
}
type StoredCost = Parts & { currency: string; amount: number; estimates: number };

const sums = `total(u.input) AS input, total(u.output) AS output, total(u.cache_read) AS cache_read,
  total(u.cache_write) AS cache_write, total(u.thought) AS thought,
  coalesce(sum(u.reports), 0) AS reports, count(DISTINCT nullif(u.run, 0)) AS runs`;
const costs = 'u.currency, total(u.amount) AS amount, sum(u.estimates) AS estimates';

/** A session that is being purged is in no join: its row goes first. */
const join = 'u CROSS JOIN sessions s ON s.num = u.session';

interface Where {
  sql: string;
  values: SqlValue[];
}

/** A page of what was used, by groups, and the sum of all of them. */
export function readUsage(connection: Connection, query: UsageQuery): UsageSummary {
  const { by } = query;
  const asked = conditions(query);
  const rest = query.cursor === undefined ? asked : both(asked, behind(by, query.cursor));
  const found = connection.all<Parts & StoredSum>(
    `SELECT ${named(by)}, ${sums} FROM usage_sums ${join}${rest.sql}
     GROUP BY ${columns(by)} ORDER BY ${order(by)} LIMIT ?`,
    ...rest.values,
    query.limit + 1,
  );
  const page = found.slice(0, query.limit);
  const last = page.at(-1);
  const paid = costsOf(connection, { by, where: rest, page });
  return {
    rows: page.map((sum) => rowOf(connection, by, { sum, cost: paid.get(nameOf(by, sum)) ?? [] })),
    total: totalOf(connection, asked),
    next: found.length > page.length && last !== undefined ? cursorOf(partsOf(by, last)) : null,
  };
}

function totalOf(connection: Connection, where: Where): UsageSum {
  const all = connection.get<StoredSum>(
    `SELECT ${sums} FROM usage_sums ${join}${where.sql}`,
    ...where.values,
  );
  if (all === undefined) throw new Error('an aggregate has one row');
  const cost = connection.all<StoredCost>(
    `SELECT ${costs} FROM usage_costs ${join}${where.sql} GROUP BY u.currency ORDER BY u.currency`,
    ...where.values,
  );
  return sumOf(all, cost.map(money));
}

/** The costs of the page's groups. They come in its order, so the first of another group ends it. */
function costsOf(
  connection: Connection,
  { by, where, page }: { by: readonly UsageGroup[]; where: Where; page: readonly Parts[] },
): ReadonlyMap<string, Money[]> {
  const found = new Map(page.map((group) => [nameOf(by, group), [] as Money[]]));
  const rows = connection.iterate<StoredCost>(
    `SELECT ${named(by)}, ${costs} FROM usage_costs ${join}${where.sql}
     GROUP BY ${columns(by)}, u.currency ORDER BY ${order(by)}, u.currency`,
    ...where.values,
  );
  for (const row of rows) {
    const group = found.get(nameOf(by, row));
    if (group === undefined) break;
    group.push(money(row));
  }
  return found;
}

/** Without what sums of floating numbers leave behind the fifteenth digit. */
function money({ amount, currency, estimates }: StoredCost): Money {
  const cost = { amount: Number(amount.toPrecision(15)), currency };
  return estimates > 0 ? { ...cost, estimate: true } : cost;
}

function sumOf(sum: StoredSum, cost: readonly Money[]): UsageSum {
  const { input, output, cache_read: cacheRead, cache_write: cacheWrite, thought } = sum;
  const { runs, reports } = sum;
  return { tokens: { input, output, cacheRead, cacheWrite, thought }, cost, runs, reports };
}

function rowOf(
  connection: Connection,
  by: readonly UsageGroup[],
  { sum, cost }: { sum: Parts & StoredSum; cost: readonly Money[] },
): UsageRow {
  const groups: Partial<UsageRow> = {};
  for (const group of by) {
    const part = sum[group] ?? '';
    if (group === 'session') Object.assign(groups, sessionOf(connection, Number(part)));
    else if (group === 'model') groups.model = part === '' ? null : String(part);
    else groups[group] = String(part);
  }
  return { ...groups, ...sumOf(sum, cost) };
}

function sessionOf(
  connection: Connection,
  num: number,
): { session: string; title: string | null } | undefined {
  return connection.get('SELECT id AS session, title FROM sessions WHERE num = ?', num);
}

const columns = (by: readonly UsageGroup[]): string =>
  by.map((group) => groupings[group].column).join(', ');
const named = (by: readonly UsageGroup[]): string =>
  by.map((group) => `${groupings[group].column} AS "${group}"`).join(', ');
const order = (by: readonly UsageGroup[]): string =>
  by
    .map((group) => `${groupings[group].column}${groupings[group].descending ? ' DESC' : ''}`)
    .join(', ');

const partsOf = (by: readonly UsageGroup[], parts: Parts): (string | number)[] =>
  by.map((group) => parts[group] ?? '');
const nameOf = (by: readonly UsageGroup[], parts: Parts): string =>
  JSON.stringify(partsOf(by, parts));

function conditions({ since, until, sessions, agent }: UsageQuery): Where {
  const found: Where[] = [];
  if (since !== undefined) found.push({ sql: 'u.day >= ?', values: [since] });
  if (until !== undefined) found.push({ sql: 'u.day <= ?', values: [until] });
  if (sessions !== undefined) {
    const sql =
      'u.session IN (SELECT num FROM sessions WHERE id IN (SELECT value FROM json_each(?)))';
    found.push({ sql, values: [JSON.stringify(sessions)] });
  }
  if (agent !== undefined) found.push({ sql: 's.agent = ?', values: [agent] });
  if (found.length === 0) return { sql: '', values: [] };
  const sql = ` WHERE ${found.map((one) => one.sql).join(' AND ')}`;
  return { sql, values: found.flatMap(({ values }) => values) };
}

function both(where: Where, more: Where): Where {
  const sql = where.sql === '' ? ` WHERE ${more.sql}` : `${where.sql} AND ${more.sql}`;
  return { sql, values: [...where.values, ...more.values] };
}

/** Groups behind the one where a page ended: behind it in one column and the same in those before. */
function behind(by: readonly UsageGroup[], cursor: string): Where {
  const kinds = by.map((group) => (group === 'session' ? 'number' : 'string'));
  const last = readCursor(cursor, kinds);
  const ways = by.map((group, at): Where => {
    const { column, descending } = groupings[group];
    const same = by.slice(0, at).map((before) => `${groupings[before].column} = ?`);
    const sql = [...same, `${column} ${descending ? '<' : '>'} ?`].join(' AND ');
    return { sql, values: last.slice(0, at + 1) };
  });
  return {
    sql: `(${ways.map(({ sql }) => `(${sql})`).join(' OR ')})`,
    values: ways.flatMap(({ values }) => values),
  };
}
