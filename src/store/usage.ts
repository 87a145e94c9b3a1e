import type { Tokens } from '../domain/usage.ts';
import type { Connection } from './connection.ts';
import type { WireEntry } from './wire.ts';

/** A report as it is stored; `schema-usage.ts` says what the columns are. */
interface StoredReport {
  num: number;
  day: string;
  run: number;
  model: string;
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  thought: number;
  amount: number | null;
  currency: string | null;
  /** 1 where the cost was estimated. Only known from version 8 on: before there were no such reports. */
  estimate?: number;
}

/** Keeps the report of an entry, in the place of an earlier one with its key, and the sums. */
export function writeUsage(
  connection: Connection,
  session: number,
  entry: Pick<WireEntry, 'run' | 'at' | 'data'> & { kind: string },
): void {
  if (entry.kind !== 'usage') return;
  const { key, ...told } = reportOf(entry.data);
  const run = runNumber(connection, session, entry.run);
  const report = { ...told, day: entry.at.slice(0, 10), run };
  const before = connection.get<StoredReport>(
    'SELECT * FROM usage_reports WHERE session = ? AND key = ?',
    session,
    key,
  );
  if (before !== undefined) addToSums(connection, session, { ...before, sign: -1 });
  addToSums(connection, session, { ...report, sign: 1 });
  connection.run(
    `INSERT INTO usage_reports (session, key, day, run, model, input, output, cache_read, cache_write,
       thought, amount, currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
     ON CONFLICT (session, key) DO UPDATE SET day = ?3, run = ?4, model = ?5, input = ?6, output = ?7,
       cache_read = ?8, cache_write = ?9, thought = ?10, amount = ?11, currency = ?12`,
    session,
    key,
    report.day,
    report.run,
    report.model,
    report.input,
    report.output,
    report.cache_read,
    report.cache_write,
    report.thought,
    report.amount,
    report.currency,
  );
  if ((before?.estimate ?? 0) === (report.estimate ?? 0)) return;
  const sql = 'UPDATE usage_reports SET estimate = ? WHERE session = ? AND key = ?';
  connection.run(sql, report.estimate ?? 0, session, key);
}

function runNumber(connection: Connection, session: number, run: string | null): number {
  if (run === null) return 0;
  const sql = 'SELECT num FROM runs WHERE session = ? AND run = ?';
  return connection.get<{ num: number }>(sql, session, run)?.num ?? 0;
}

/** What an entry says that is stored already: what it does not say in numbers it does not count. */
function reportOf(data: string): { key: string } & Omit<StoredReport, 'num' | 'day' | 'run'> {
  const { key, model, tokens, cost } = JSON.parse(data) as {
    key?: unknown;
    model?: unknown;
    tokens?: { [Name in keyof Tokens]?: unknown };
    cost?: { amount?: unknown; currency?: unknown; estimate?: unknown } | null;
  };
  const priced = typeof cost?.amount === 'number' && typeof cost.currency === 'string';
  return {
    key: String(key),
    model: typeof model === 'string' ? model.slice(0, 256) : '',
    input: count(tokens?.input),
    output: count(tokens?.output),
    cache_read: count(tokens?.cacheRead),
    cache_write: count(tokens?.cacheWrite),
    thought: count(tokens?.thought),
    amount: priced ? count(cost.amount) : null,
    currency: priced ? (cost.currency as string) : null,
    ...(priced && cost.estimate === true ? { estimate: 1 } : {}),
  };
}

/** Kept where sums of it stay numbers: a log that was imported may say anything. */
function count(value: unknown): number {
  if (typeof value !== 'number') return 0;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}

type Change = Omit<StoredReport, 'num'> & { sign: 1 | -1 };

/** A sum of no report is no row, whatever floating numbers leave behind. */
function addToSums(connection: Connection, session: number, change: Change): void {
  addTokens(connection, session, change);
  const { day, run, model, amount, currency, sign } = change;
  connection.run(
    `DELETE FROM usage_sums
     WHERE day = ? AND session = ? AND run = ? AND model = ? AND reports = 0`,
    day,
    session,
    run,
    model,
  );
  if (amount === null || currency === null) return;
  connection.run(
    `INSERT INTO usage_costs (day, session, model, currency, reports, amount)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)
     ON CONFLICT (day, session, model, currency) DO UPDATE SET
       reports = reports + ?5, amount = amount + ?6`,
    day,
    session,
    model,
    currency,
    sign,
    sign * amount,
  );
  addEstimate(connection, session, change);
  connection.run(
    `DELETE FROM usage_costs
     WHERE day = ? AND session = ? AND model = ? AND currency = ? AND reports = 0`,
    day,
    session,
    model,
    currency,
  );
}

function addEstimate(connection: Connection, session: number, change: Change): void {
  const { day, model, currency, sign, estimate = 0 } = change;
  if (estimate === 0) return;
  connection.run(
    `UPDATE usage_costs SET estimates = estimates + ?
     WHERE day = ? AND session = ? AND model = ? AND currency = ?`,
    sign,
    day,
    session,
    model,
    currency,
  );
}

function addTokens(connection: Connection, session: number, change: Change): void {
  const { sign } = change;
  connection.run(
    `INSERT INTO usage_sums (day, session, run, model, reports, input, output, cache_read, cache_write,
       thought) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
     ON CONFLICT (day, session, run, model) DO UPDATE SET reports = reports + ?5, input = input + ?6,
       output = output + ?7, cache_read = cache_read + ?8, cache_write = cache_write + ?9,
       thought = thought + ?10`,
    change.day,
    session,
    change.run,
    change.model,
    sign,
    sign * change.input,
    sign * change.output,
    sign * change.cache_read,
    sign * change.cache_write,
    sign * change.thought,
  );
}
