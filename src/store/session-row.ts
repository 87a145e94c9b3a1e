import { refuse } from '../domain/refusal.ts';
import type { LoadedSession } from '../ports/store.ts';
import type { Connection } from './connection.ts';
import { readHostsOf } from './hosts.ts';
import { writeNativeId } from './native-ids.ts';
import { logSeal, stateSeal } from './seal.ts';
import type { LogFacts } from './verdict.ts';
import type { SessionLog } from './writer-memory.ts';
import type { Traits, WireBatch, WireState } from './wire.ts';

/** Where the session's log stands. A damaged row is refused: appending behind a wrong seq would lose entries. */
export function readLog(connection: Connection, session: string): SessionLog | undefined {
  const row = connection.get<SessionLog & { seal: number }>(
    `SELECT l.session AS num, l.epoch, l.last_seq AS lastSeq, l.head, l.seal & 4294967295 AS seal
     FROM sessions s JOIN logs l ON l.session = s.num WHERE s.id = ?`,
    session,
  );
  if (row === undefined) return undefined;
  const { seal, ...log } = row;
  if (seal !== logSeal(session, log)) {
    throw refuse('internal', `The row of session ${session} is damaged: check the database.`);
  }
  return log;
}

export function keyOwner(connection: Connection, key: string): string | undefined {
  return connection.get<{ id: string }>('SELECT id FROM sessions WHERE key = ?', key)?.id;
}

/** The session's row, made with the first batch. Its creation time is the lists' cursor and never changes. */
export function createSession(connection: Connection, batch: WireBatch): SessionLog {
  const at = batch.state?.createdAt ?? batch.entries[0]?.at ?? '';
  connection.run(
    `INSERT INTO sessions (num, id, key, created_at, updated_at, last_activity_at)
     VALUES (1 + max(coalesce((SELECT max(num) FROM sessions), 0),
       coalesce((SELECT max(num) FROM purges), 0)), ?1, ?2, ?3, ?3, ?3)`,
    batch.session,
    batch.create?.key ?? null,
    at,
  );
  const num = connection.get<{ num: number }>(
    'SELECT num FROM sessions WHERE id = ?',
    batch.session,
  )?.num;
  if (num === undefined) throw new Error('the session was not inserted');
  const log = { epoch: batch.epoch, lastSeq: 0, head: null };
  connection.run(
    'INSERT INTO logs (session, epoch, last_seq, head, seal) VALUES (?, ?, 0, NULL, ?)',
    num,
    log.epoch,
    logSeal(batch.session, log),
  );
  return { num, ...log };
}

export function writeLog(
  connection: Connection,
  session: string,
  num: number,
  log: LogFacts,
): void {
  connection.run(
    'UPDATE logs SET epoch = ?, last_seq = ?, head = ?, seal = ? WHERE session = ?',
    log.epoch,
    log.lastSeq,
    log.head,
    logSeal(session, log),
    num,
  );
}

export function writeState(connection: Connection, num: number, state: WireState): void {
  connection.run(
    `INSERT INTO states (session, version, seal, row, json) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (session) DO UPDATE SET version = ?2, seal = ?3, row = ?4, json = ?5`,
    num,
    state.version,
    stateSeal(state.version, state.json),
    state.row,
    state.json,
  );
  const unchanged = connection.run(
    'UPDATE sessions SET updated_at = ?, last_activity_at = ? WHERE num = ? AND traits = ?',
    state.updatedAt,
    state.lastActivityAt,
    num,
    state.traits,
  );
  if (unchanged === 0) writeTraits(connection, num, state);
}

function writeTraits(connection: Connection, num: number, state: WireState): void {
  const traits = JSON.parse(state.traits) as Traits;
  const searched = [traits.title, traits.label, traits.key, traits.cwd];
  const haystack = searched.map((text) => (text ?? '').toLowerCase()).join('\n');
  connection.run(
    `UPDATE sessions SET updated_at = ?, last_activity_at = ?, traits = ?, haystack = ?, key = ?, agent = ?,
       cwd = ?, title = ?, label = ?, native_id = ?, parent = ?, status = ?, archived = ?,
       deleted_at = ?, purge_at = ?, bypass_until = ? WHERE num = ?`,
    state.updatedAt,
    state.lastActivityAt,
    state.traits,
    haystack,
    traits.key,
    traits.agent,
    traits.cwd,
    traits.title,
    traits.label,
    traits.nativeId,
    traits.parent,
    traits.status,
    traits.archived ? 1 : 0,
    traits.deletedAt,
    traits.purgeAt,
    traits.bypassUntil,
    num,
  );
  if (traits.nativeId !== null) writeNativeId(connection, num, traits.nativeId);
  connection.run('DELETE FROM session_meta WHERE session = ?', num);
  for (const [name, value] of Object.entries(traits.meta)) {
    connection.run(
      'INSERT INTO session_meta (name, value, session) VALUES (?, ?, ?)',
      name,
      value,
      num,
    );
  }
}

/** A version that no state has: says that the state must be rebuilt from the log. */
const noVersion = -1;

export function loadSession(connection: Connection, session: string): LoadedSession | undefined {
  const log = readLog(connection, session);
  if (log === undefined) return undefined;
  const state = connection.get<{ version: number; json: string; seal: number }>(
    'SELECT version, json, seal & 4294967295 AS seal FROM states WHERE session = ?',
    log.num,
  );
  const whole = state !== undefined && state.seal === stateSeal(state.version, state.json);
  return {
    session,
    epoch: log.epoch,
    lastSeq: log.lastSeq,
    head: log.head,
    stateVersion: whole ? state.version : noVersion,
    state: whole ? state.json : '',
    hosts: readHostsOf(connection, log.num),
  };
}
