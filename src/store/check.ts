import type { Connection } from './connection.ts';
import { entryColumns, intactData, type EntryRow } from './entries.ts';
import { messageOf } from './failure.ts';
import { damagedSecrets } from './secrets.ts';
import { logSeal, stateSeal } from './seal.ts';

/** A session's rows as far as they can be read. */
interface Checked {
  num: number;
  id: string;
  epoch: number | null;
  last_seq: number | null;
  head: string | null;
  seal: number | null;
}

function integrity(connection: Connection): string[] {
  const rows = connection.all<{ integrity_check: string }>('PRAGMA integrity_check');
  return rows
    .map((row) => row.integrity_check)
    .filter((line) => line !== 'ok')
    .map((line) => `database: ${line}`);
}

/** Seqs dense from 1, digests, parents, and the head where the log's row says it is. */
function* logFaults(connection: Connection, session: Checked): Generator<string> {
  const ids = new Set<string>();
  let seq = 0;
  let head: string | null = null;
  const sql = `SELECT ${entryColumns} FROM entries WHERE session = ?1 ORDER BY seq`;
  for (const row of connection.iterate<EntryRow>(sql, session.num)) {
    if (row.seq !== seq + 1) yield `seq ${seq + 1} is missing before ${row.seq}`;
    seq = row.seq;
    if (intactData(row) === undefined)
      yield `seq ${row.seq}: the digest of entry ${row.id} is wrong`;
    if (row.parent !== null && !ids.has(row.parent))
      yield `seq ${row.seq}: there is no parent ${row.parent}`;
    if (ids.has(row.id)) yield `seq ${row.seq}: the id ${row.id} is there twice`;
    ids.add(row.id);
    if (row.node === 1) head = row.id;
  }
  if (session.last_seq !== seq) yield `the last seq is ${seq}, the row says ${session.last_seq}`;
  if (session.head !== head) yield `the head is ${head}, the row says ${session.head}`;
}

function* rowFaults(connection: Connection, session: Checked): Generator<string> {
  const { epoch, last_seq: lastSeq, head } = session;
  if (epoch === null || lastSeq === null) yield 'the row of the log is missing';
  else if (session.seal !== logSeal(session.id, { epoch, lastSeq, head }))
    yield 'the row of the log is damaged';
  const state = connection.get<{ version: number; json: string; seal: number }>(
    'SELECT version, json, seal & 4294967295 AS seal FROM states WHERE session = ?',
    session.num,
  );
  for (const name of damagedSecrets(connection, session.num)) yield `the secret ${name} is damaged`;
  if (state !== undefined && state.seal !== stateSeal(state.version, state.json))
    yield 'the state is damaged';
}

/** R2, and that the rows of runs and approvals say what the log says. */
function* runFaults(connection: Connection, session: Checked): Generator<string> {
  const span = 'e.session = ?1';
  const terminals = connection.all<{ run: string; count: number }>(
    `SELECT run, count(*) AS count FROM entries e WHERE ${span} AND +kind = 'run_ended'
     GROUP BY run HAVING count(*) > 1`,
    session.num,
  );
  for (const { run, count } of terminals) yield `run ${run} has ${count} terminal entries`;
  const late = connection.all<{ id: string; run: string }>(
    `SELECT e.id, e.run FROM entries e JOIN runs r ON r.session = ?1 AND r.run = e.run
     WHERE ${span} AND r.ended_seq < e.seq`,
    session.num,
  );
  for (const { id, run } of late) yield `entry ${id} comes after the terminal entry of run ${run}`;
  const untold = connection.all<{ run: string }>(
    `SELECT r.run FROM runs r WHERE r.session = ?1 AND r.ended_seq IS NOT (SELECT min(e.seq)
       FROM entries e WHERE e.session = ?1 AND e.run = r.run AND e.kind = 'run_ended')`,
    session.num,
  );
  for (const { run } of untold) yield `the row of run ${run} does not say what the log says`;
}

function faultsOf(connection: Connection, session: Checked): string[] {
  const faults: string[] = [];
  for (const look of [rowFaults, logFaults, runFaults]) {
    try {
      for (const fault of look(connection, session)) faults.push(fault);
    } catch (error) {
      faults.push(`cannot be read: ${messageOf(error)}`);
    }
  }
  return faults.map((fault) => `session ${session.id}: ${fault}`);
}

/** Everything that is wrong with the database and the logs of one session or of all; empty when sound. */
export function checkDatabase(connection: Connection, session?: string): string[] {
  try {
    const faults = integrity(connection);
    const sessions = connection.all<Checked>(
      `SELECT s.num, s.id, l.epoch, l.last_seq, l.head, l.seal & 4294967295 AS seal
       FROM sessions s LEFT JOIN logs l ON l.session = s.num WHERE ?1 IS NULL OR s.id = ?1`,
      session ?? null,
    );
    return [...faults, ...sessions.flatMap((row) => faultsOf(connection, row))];
  } catch (error) {
    return [`database: cannot be read: ${messageOf(error)}`];
  }
}
