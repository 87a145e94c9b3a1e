import type { RunOutcome } from '../domain/entry.ts';
import type { RunPage, RunQuery, RunRow } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';
import { cursorOf, readCursor } from './cursor.ts';
import { entryAt, intactData } from './entries.ts';
import type { WireEntry } from './wire.ts';

/**
 * A run's row appears with the first entry that names the run, so that its entries lie between `first_seq`
 * and `ended_seq`: a page of a run reads that part of the log only.
 */
interface StoredRun {
  num: number;
  session_id: string;
  session: number;
  run: string;
  trigger: 'prompt' | 'agent';
  started_at: string;
  started_seq: number;
  ended_at: string | null;
  ended_seq: number | null;
  outcome: RunOutcome | null;
}

export function runFacts(
  connection: Connection,
  session: number,
  run: string,
): { started: boolean; ended: boolean } | undefined {
  const row = connection.get<{ started_seq: number | null; ended_seq: number | null }>(
    'SELECT started_seq, ended_seq FROM runs WHERE session = ? AND run = ?',
    session,
    run,
  );
  return row && { started: row.started_seq !== null, ended: row.ended_seq !== null };
}

/** Keeps the run's row as the entry tells it. */
export function writeRun(
  connection: Connection,
  session: number,
  seq: number,
  entry: WireEntry,
): void {
  if (entry.run === null) return;
  connection.run(
    'INSERT INTO runs (session, run, first_seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    session,
    entry.run,
    seq,
  );
  if (entry.kind === 'run_started') {
    const { trigger } = JSON.parse(entry.data) as { trigger?: string };
    connection.run(
      'UPDATE runs SET trigger = ?, started_at = ?, started_seq = ? WHERE session = ? AND run = ?',
      trigger ?? 'agent',
      entry.at,
      seq,
      session,
      entry.run,
    );
  } else if (entry.kind === 'run_ended') {
    const { outcome } = JSON.parse(entry.data) as { outcome?: string };
    // A run whose start could not be understood is known from its end on.
    connection.run(
      `UPDATE runs SET trigger = coalesce(trigger, 'agent'), started_at = coalesce(started_at, ?1),
         started_seq = coalesce(started_seq, ?2), ended_at = ?1, ended_seq = ?2, outcome = ?3
       WHERE session = ?4 AND run = ?5`,
      entry.at,
      seq,
      outcome ?? null,
      session,
      entry.run,
    );
  }
}

/** Where in the log the entries of a run lie; `last` is null while it is open. */
export function runSpan(
  connection: Connection,
  session: number,
  run: string,
): { first: number; last: number | null } | undefined {
  return connection.get(
    'SELECT first_seq AS first, ended_seq AS last FROM runs WHERE session = ? AND run = ?',
    session,
    run,
  );
}

function runRow(connection: Connection, row: StoredRun): RunRow {
  const terminal =
    row.ended_seq === null ? undefined : entryAt(connection, row.session, row.ended_seq);
  return {
    session: row.session_id,
    run: row.run,
    trigger: row.trigger,
    startedAt: row.started_at,
    startedSeq: row.started_seq,
    endedAt: row.ended_at,
    endedSeq: row.ended_seq,
    outcome: row.outcome,
    ended: terminal === undefined ? null : (intactData(terminal) ?? null),
  };
}

const selectRuns = `SELECT r.*, s.id AS session_id FROM runs r JOIN sessions s ON s.num = r.session
  WHERE r.trigger IS NOT NULL`;

export function readRun(connection: Connection, session: string, run: string): RunRow | undefined {
  const row = connection.get<StoredRun>(`${selectRuns} AND s.id = ? AND r.run = ?`, session, run);
  return row && runRow(connection, row);
}

export function readRuns(connection: Connection, query: RunQuery): RunPage {
  const where: string[] = [' AND s.deleted_at IS NULL'];
  const values: SqlValue[] = [];
  const add = (condition: string, value: SqlValue): void => {
    where.push(` AND ${condition}`);
    values.push(value);
  };
  if (query.session !== undefined) {
    add('r.session = (SELECT num FROM sessions WHERE id = ?)', query.session);
  }
  if (query.sessions !== undefined) {
    const ids = JSON.stringify(query.sessions);
    add(
      'r.session IN (SELECT num FROM sessions WHERE id IN (SELECT value FROM json_each(?)))',
      ids,
    );
  }
  if (query.outcome !== undefined) add('r.outcome = ?', query.outcome);
  if (query.open !== undefined) where.push(` AND r.outcome IS ${query.open ? '' : 'NOT '}NULL`);
  if (query.cursor !== undefined) add('r.num < ?', readCursor(query.cursor, ['number'])[0]);
  const sql = `${selectRuns}${where.join('')} ORDER BY r.num DESC LIMIT ?`;
  const rows = connection.all<StoredRun>(sql, ...values, query.limit + 1);
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    runs: page.map((row) => runRow(connection, row)),
    next: rows.length > page.length && last !== undefined ? cursorOf([last.num]) : null,
  };
}
