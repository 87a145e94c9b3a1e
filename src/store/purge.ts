import { refuse } from '../domain/refusal.ts';
import { FatalStoreError } from './commit.ts';
import type { Connection, SqlValue } from './connection.ts';
import { failureOf } from './failure.ts';
import { purgedHosts } from './purged.ts';

/**
 * A session is purged in transactions of at most so many rows and about so many bytes, between which others
 * append. The first makes it unreadable and lasting: from then on a purge that was cut off is taken up again
 * at any point. Its row number is kept until nothing of it is left.
 */
const sliceRows = 1000;
const sliceBytes = 1_048_576;

/** How many sessions are named at once. */
const purgeableRows = 100;

/** Whether nothing is left, and the hosts that the session had. */
export interface PurgeSlice {
  done: boolean;
  hosts: readonly string[];
}

/** Rows of a table to be removed one by one, the first of them, with what each weighs. */
interface Part {
  find: string;
  remove: string;
}

/** Whose rows are many. The order counts: of which hosts there is input is known from `past_hosts`. */
const parts: readonly Part[] = [
  {
    find: `SELECT num AS id, length(bytes) AS size FROM host_inputs
      WHERE host IN (SELECT host FROM past_hosts WHERE session = ?)`,
    remove: 'DELETE FROM host_inputs WHERE num = ?',
  },
  {
    find: 'SELECT num AS id, length(data) AS size FROM entries WHERE session = ?',
    remove: 'DELETE FROM entries WHERE num = ?',
  },
  byNumber('runs'),
  byNumber('approvals'),
  byNumber('host_runs'),
  byNumber('usage_reports'),
  {
    find: 'SELECT host AS id, 0 AS size FROM past_hosts WHERE session = ?',
    remove: 'DELETE FROM past_hosts WHERE host = ?',
  },
];

function byNumber(table: 'runs' | 'approvals' | 'host_runs' | 'usage_reports'): Part {
  return {
    find: `SELECT num AS id, 0 AS size FROM ${table} WHERE session = ?`,
    remove: `DELETE FROM ${table} WHERE num = ?`,
  };
}

/** Small rows without a number of their own. */
const keyed: readonly string[] = [
  `DELETE FROM snapshots WHERE session = ?1 AND seq IN
     (SELECT seq FROM snapshots WHERE session = ?1 LIMIT ?2)`,
  `DELETE FROM kind_blocks WHERE session = ?1 AND (kind, block) IN
     (SELECT kind, block FROM kind_blocks WHERE session = ?1 LIMIT ?2)`,
  `DELETE FROM branches WHERE session = ?1 AND seq IN
     (SELECT seq FROM branches WHERE session = ?1 LIMIT ?2)`,
  `DELETE FROM usage_sums WHERE session = ?1 AND (day, run, model) IN
     (SELECT day, run, model FROM usage_sums WHERE session = ?1 LIMIT ?2)`,
  `DELETE FROM usage_costs WHERE session = ?1 AND (day, model, currency) IN
     (SELECT day, model, currency FROM usage_costs WHERE session = ?1 LIMIT ?2)`,
];

/** Whose rows are few, and by which the session is found or read. */
const small: readonly string[] = [
  'DELETE FROM departures WHERE session = (SELECT id FROM sessions WHERE num = ?)',
  'DELETE FROM arrivals WHERE session = (SELECT id FROM sessions WHERE num = ?)',
  'DELETE FROM sessions WHERE num = ?',
  'DELETE FROM logs WHERE session = ?',
  'DELETE FROM states WHERE session = ?',
  'DELETE FROM secrets WHERE session = ?',
  'DELETE FROM session_meta WHERE session = ?',
  'DELETE FROM native_ids WHERE session = ?',
  'DELETE FROM open_restores WHERE session = ?',
];

/** Removes a part of the session; to be repeated until it is done. */
export function purgeSlice(connection: Connection, session: string, at: string): PurgeSlice {
  return writing(connection, () => {
    const hosts = purgedHosts(connection, session);
    if (hosts === undefined) return begin(connection, session, at);
    const sql = 'SELECT num FROM purges WHERE id = ?';
    const num = connection.get<{ num: number }>(sql, session)?.num;
    if (num === undefined) return { done: true, hosts };
    const some = removeBlobRefs(connection, num) || removeRows(connection, num);
    return { done: !some, hosts };
  });
}

function begin(connection: Connection, session: string, at: string): PurgeSlice {
  const row = connection.get<{ num: number; deleted_at: string | null }>(
    'SELECT num, deleted_at FROM sessions WHERE id = ?',
    session,
  );
  if (row === undefined) throw refuse('not_found', `There is no session ${session}.`);
  if (row.deleted_at === null) {
    throw refuse('conflict', `Session ${session} is not deleted: delete it before it is purged.`);
  }
  if (connection.get('SELECT 1 FROM hosts WHERE session = ?', row.num) !== undefined) {
    throw refuse('busy', `Session ${session} has a host that has not ended.`);
  }
  const hosts = connection
    .all<{ host: string }>('SELECT host FROM past_hosts WHERE session = ?', row.num)
    .map(({ host }) => host);
  connection.run('INSERT INTO purges (num, id) VALUES (?, ?)', row.num, session);
  connection.run(
    'INSERT INTO purged (id, at, hosts) VALUES (?, ?, ?)',
    session,
    at,
    JSON.stringify(hosts),
  );
  for (const sql of small) connection.run(sql, row.num);
  return { done: false, hosts };
}

/** A blob that nobody else names is loose: its file goes when the transaction is committed. */
function removeBlobRefs(connection: Connection, num: number): boolean {
  const refs = connection.all<{ digest: string }>(
    'SELECT digest FROM blob_refs WHERE session = ? LIMIT ?',
    num,
    sliceRows,
  );
  for (const { digest } of refs) {
    connection.run('DELETE FROM blob_refs WHERE digest = ? AND session = ?', digest, num);
    connection.run(
      `INSERT INTO loose_blobs (digest) SELECT ?1
       WHERE NOT EXISTS (SELECT 1 FROM blob_refs WHERE digest = ?1) ON CONFLICT DO NOTHING`,
      digest,
    );
  }
  return refs.length > 0;
}

function removeRows(connection: Connection, num: number): boolean {
  return (
    parts.some((part) => removePart(connection, num, part)) ||
    keyed.some((sql) => connection.run(sql, num, sliceRows) > 0)
  );
}

function removePart(connection: Connection, num: number, part: Part): boolean {
  const rows = connection.all<{ id: SqlValue; size: number }>(
    `${part.find} LIMIT ?`,
    num,
    sliceRows,
  );
  let bytes = 0;
  for (const { id, size } of rows) {
    connection.run(part.remove, id);
    bytes += size;
    if (bytes >= sliceBytes) break;
  }
  return rows.length > 0;
}

/** Nothing is left: the row number may be given again. */
export function endPurge(connection: Connection, session: string): void {
  writing(connection, () => connection.run('DELETE FROM purges WHERE id = ?', session));
}

/** Sessions whose purge was cut off, then those whose time has come. */
export function readPurgeable(connection: Connection, at: string): string[] {
  const sql = `SELECT id FROM (
      SELECT id, '' AS due FROM purges
      UNION ALL
      SELECT id, purge_at FROM sessions WHERE purge_at <= ?1 AND deleted_at IS NOT NULL
    ) ORDER BY due LIMIT ?2`;
  return connection.all<{ id: string }>(sql, at, purgeableRows).map(({ id }) => id);
}

/** Those of these blobs that no entry names may have to go. */
export function loosenBlobs(connection: Connection, digests: readonly string[]): void {
  writing(connection, () =>
    connection.run(
      `INSERT INTO loose_blobs (digest) SELECT value FROM json_each(?1)
       WHERE NOT EXISTS (SELECT 1 FROM blob_refs WHERE digest = value) ON CONFLICT DO NOTHING`,
      JSON.stringify(digests),
    ),
  );
}

/** Of these blobs, those that no entry names. */
export function looseBlobs(connection: Connection, digests: readonly string[]): string[] {
  const sql = `SELECT digest FROM loose_blobs l WHERE digest IN (SELECT value FROM json_each(?))
    AND NOT EXISTS (SELECT 1 FROM blob_refs r WHERE r.digest = l.digest)`;
  const rows = connection.all<{ digest: string }>(sql, JSON.stringify(digests));
  return rows.map(({ digest }) => digest);
}

/** Blobs that may have to go, after the one named. */
export function waitingBlobs(connection: Connection, after: string, limit: number): string[] {
  const sql = 'SELECT digest FROM loose_blobs WHERE digest > ? ORDER BY digest LIMIT ?';
  return connection.all<{ digest: string }>(sql, after, limit).map(({ digest }) => digest);
}

/** These are gone, or named again. */
export function settleBlobs(connection: Connection, digests: readonly string[]): void {
  writing(connection, () =>
    connection.run(
      'DELETE FROM loose_blobs WHERE digest IN (SELECT value FROM json_each(?))',
      JSON.stringify(digests),
    ),
  );
}

/**
 * Empties the write-ahead log, in which removed rows stand still. False while a reader holds it: it is
 * never waited for, because appends wait behind this.
 */
export function emptyLog(connection: Connection): boolean {
  connection.db.exec('PRAGMA busy_timeout = 0');
  try {
    return connection.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy === 0;
  } catch (error) {
    if (failureOf(error) === 'fatal') throw new FatalStoreError(error);
    throw error;
  } finally {
    connection.db.exec('PRAGMA busy_timeout = 5000');
  }
}

/** What is remembered of a row number must not outlive it. */
function writing<Result>(connection: Connection, write: () => Result): Result {
  try {
    return connection.transaction(write);
  } catch (error) {
    if (failureOf(error) === 'fatal') throw new FatalStoreError(error);
    throw error;
  } finally {
    connection.memory.forget();
  }
}
