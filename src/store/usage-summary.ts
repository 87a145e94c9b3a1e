import type { Money, Tokens, UsageGroup } from '../domain/usage.ts';
import type { UsageQuery, UsageRow, UsageSum, UsageSummary } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';
import { cursorOf, readCursor } from './cursor.ts';
import { readCosts } from './usage.ts';

/** A row of `usage_sums`, with what it is grouped by. */
interface StoredSum {
  num: number;
  run: number;
  reports: number;
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  thought: number;
  costs: string;
  day: string;
  model: string;
  agent: string;
  directory: string;
}

/** What a group is sorted and told by. */
type Part = string | number;

/** Sessions by their number: they are as many as rows, and their ids are read for a page only. */
const groupings: Readonly<Record<UsageGroup, (sum: StoredSum) => Part>> = {
  session: ({ num }) => num,
  agent: ({ agent }) => agent,
  model: ({ model }) => model,
  day: ({ day }) => day,
  directory: ({ directory }) => directory,
};

/** Newest first. */
const descending: ReadonlySet<UsageGroup> = new Set(['session', 'day']);

class Sum {
  readonly parts: readonly Part[];
  readonly #runs = new Set<number>();
  readonly #costs = new Map<string, number>();
  readonly #tokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 };
  #reports = 0;

  constructor(parts: readonly Part[]) {
    this.parts = parts;
  }

  add(sum: StoredSum): void {
    if (sum.run !== 0) this.#runs.add(sum.run);
    this.#reports += sum.reports;
    this.#tokens.input += sum.input;
    this.#tokens.output += sum.output;
    this.#tokens.cacheRead += sum.cache_read;
    this.#tokens.cacheWrite += sum.cache_write;
    this.#tokens.thought += sum.thought;
    for (const [currency, amount] of readCosts(sum.costs)) {
      this.#costs.set(currency, (this.#costs.get(currency) ?? 0) + amount);
    }
  }

  value(): UsageSum {
    const cost = [...this.#costs].map(([currency, amount]): Money => {
      // Without what sums of floating numbers leave behind the fifteenth digit.
      return { amount: Number(amount.toPrecision(15)), currency };
    });
    return {
      tokens: { ...this.#tokens },
      cost: cost.toSorted((a, b) => (a.currency < b.currency ? -1 : 1)),
      runs: this.#runs.size,
      reports: this.#reports,
    };
  }
}

/**
 * A page of what was used, by groups, and the sum of all of them. Rows are added up here and not by the
 * database, which would sort them once for the groups, once more for their runs and again for the total.
 */
export function readUsage(connection: Connection, query: UsageQuery): UsageSummary {
  const total = new Sum([]);
  const groups = new Map<Part, Sum>();
  const parts = query.by.map((by) => groupings[by]);
  for (const stored of storedSums(connection, query)) {
    total.add(stored);
    const of = parts.map((part) => part(stored));
    const name = of.length === 1 ? of[0]! : JSON.stringify(of);
    let sum = groups.get(name);
    if (sum === undefined) groups.set(name, (sum = new Sum(of)));
    sum.add(stored);
  }
  const order = orderOf(query.by);
  const rest = after([...groups.values()], query, order);
  const page = rest.toSorted((a, b) => order(a.parts, b.parts)).slice(0, query.limit);
  const last = page.at(-1);
  return {
    rows: page.map((sum) => rowOf(connection, query.by, sum)),
    total: total.value(),
    next: rest.length > page.length && last !== undefined ? cursorOf(last.parts) : null,
  };
}

type Order = (a: readonly Part[], b: readonly Part[]) => number;

function orderOf(by: readonly UsageGroup[]): Order {
  const signs = by.map((group) => (descending.has(group) ? -1 : 1));
  return (a, b) => {
    const at = a.findIndex((part, index) => part !== b[index]);
    return at < 0 ? 0 : a[at]! < b[at]! ? -signs[at]! : signs[at]!;
  };
}

function after(sums: readonly Sum[], { by, cursor }: UsageQuery, order: Order): readonly Sum[] {
  if (cursor === undefined) return sums;
  const kinds = by.map((group) => (group === 'session' ? 'number' : 'string'));
  const last = readCursor(cursor, kinds);
  return sums.filter(({ parts }) => order(parts, last) > 0);
}

/** The join leaves out a session that is being purged: its row goes first. */
function storedSums(connection: Connection, query: UsageQuery): Iterable<StoredSum> {
  const { since, until, sessions, agent } = query;
  const where: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, value: string | undefined): void => {
    if (value === undefined) return;
    where.push(condition);
    values.push(value);
  };
  add('u.day >= ?', since);
  add('u.day <= ?', until);
  add(
    'u.session IN (SELECT num FROM sessions WHERE id IN (SELECT value FROM json_each(?)))',
    sessions === undefined ? undefined : JSON.stringify(sessions),
  );
  add('s.agent = ?', agent);
  const sql = `SELECT u.session AS num, u.run, u.reports, u.input, u.output, u.cache_read, u.cache_write,
      u.thought, u.costs, u.day, u.model, s.agent, s.cwd AS directory
    FROM usage_sums u CROSS JOIN sessions s ON s.num = u.session`;
  const conditions = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
  return connection.iterate<StoredSum>(`${sql}${conditions}`, ...values);
}

function rowOf(connection: Connection, by: readonly UsageGroup[], sum: Sum): UsageRow {
  const row: UsageRow = sum.value();
  for (const [index, group] of by.entries()) {
    const part = sum.parts[index]!;
    if (group === 'session') Object.assign(row, sessionOf(connection, Number(part)));
    else if (group === 'model') row.model = part === '' ? null : String(part);
    else row[group] = String(part);
  }
  return row;
}

function sessionOf(
  connection: Connection,
  num: number,
): { session: string; title: string | null } | undefined {
  return connection.get('SELECT id AS session, title FROM sessions WHERE num = ?', num);
}
