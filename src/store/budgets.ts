import type { GlobalBudget, Spent } from '../domain/budget.ts';
import type { Connection } from './connection.ts';

export function readBudget(connection: Connection): GlobalBudget | null {
  const sql = "SELECT budget FROM budgets WHERE name = 'global'";
  const row = connection.get<{ budget: string }>(sql);
  return row === undefined ? null : (JSON.parse(row.budget) as GlobalBudget);
}

export function setBudget(connection: Connection, budget: GlobalBudget | null): void {
  connection.transaction(() => {
    connection.run("DELETE FROM budgets WHERE name = 'global'");
    if (budget === null) return;
    connection.run(
      "INSERT INTO budgets (name, budget) VALUES ('global', ?)",
      JSON.stringify(budget),
    );
  });
}

const tokens = 'total(u.input + u.output + u.cache_read + u.cache_write + u.thought)';
/** In milliseconds; of a run that lasted over midnight only what is after `from`. */
const lasted = (from: string): string =>
  `total(CASE WHEN r.ended_at IS NULL THEN 0 ELSE
     max(0, unixepoch(r.ended_at, 'subsec') - unixepoch(max(r.started_at, ${from}), 'subsec')) END)
   * 1000`;

/** What all sessions have used, in all or on a day. */
export function readSpent(connection: Connection, day?: string): Spent {
  const of = day === undefined ? '' : 'WHERE u.day = ?1';
  const values = day === undefined ? [] : [day];
  const used = connection.get<{ tokens: number }>(
    `SELECT ${tokens} AS tokens FROM usage_sums u ${of}`,
    ...values,
  );
  const costs = connection.all<{ currency: string; amount: number }>(
    `SELECT u.currency, total(u.amount) AS amount FROM usage_costs u ${of} GROUP BY u.currency`,
    ...values,
  );
  const from = day === undefined ? "''" : '?1';
  const ran = connection.get<{ runs: number; wall: number }>(
    `SELECT count(*) FILTER (WHERE r.started_at >= ${from}) AS runs, ${lasted(from)} AS wall
     FROM runs r WHERE r.started_at IS NOT NULL AND (r.ended_at IS NULL OR r.ended_at >= ${from})`,
    ...values,
  );
  return {
    tokens: used?.tokens ?? 0,
    cost: Object.fromEntries(costs.map(({ currency, amount }) => [currency, amount])),
    runs: ran?.runs ?? 0,
    wallMs: Math.round(ran?.wall ?? 0),
  };
}

/** What each of these sessions has used. */
export function readSpentBy(
  connection: Connection,
  sessions: readonly string[],
): { [session: string]: Spent } {
  const names = JSON.stringify(sessions);
  const of = 'JOIN sessions s ON s.num = u.session WHERE s.id IN (SELECT value FROM json_each(?))';
  const used = connection.all<{ id: string; tokens: number }>(
    `SELECT s.id, ${tokens} AS tokens FROM usage_sums u ${of} GROUP BY s.num`,
    names,
  );
  const costs = connection.all<{ id: string; currency: string; amount: number }>(
    `SELECT s.id, u.currency, total(u.amount) AS amount FROM usage_costs u ${of}
     GROUP BY s.num, u.currency`,
    names,
  );
  const ran = connection.all<{ id: string; runs: number; wall: number }>(
    `SELECT s.id, count(*) AS runs, ${lasted("''")} AS wall
     FROM runs r JOIN sessions s ON s.num = r.session
     WHERE s.id IN (SELECT value FROM json_each(?)) AND r.started_at IS NOT NULL GROUP BY s.num`,
    names,
  );
  const found: { [session: string]: { -readonly [Name in keyof Spent]: Spent[Name] } } = {};
  const spentOf = (id: string) => (found[id] ??= { tokens: 0, cost: {}, runs: 0, wallMs: 0 });
  for (const row of used) spentOf(row.id).tokens = row.tokens;
  for (const { id, currency, amount } of costs) {
    spentOf(id).cost = { ...spentOf(id).cost, [currency]: amount };
  }
  for (const { id, runs, wall } of ran) {
    spentOf(id).runs = runs;
    spentOf(id).wallMs = Math.round(wall);
  }
  return found;
}
