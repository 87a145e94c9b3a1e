import { isWrite, type Restore, type Snapshot } from '../domain/snapshot.ts';
import type { SnapshotQuery, SnapshotSpanQuery } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';
import { entryAt, entryText } from './entries.ts';
import { readLog } from './session-row.ts';

/** What of an entry counts here. */
interface Told {
  kind: string;
  about: string | null;
  data: string;
}

/** Keeps where snapshots are, and that a restoration has ended, as the entry tells it. */
export function writeSnapshot(
  connection: Connection,
  session: number,
  seq: number,
  { kind, about, data }: Told,
): void {
  if (kind === 'snapshot') {
    const { path, run, change } = JSON.parse(data) as Snapshot;
    connection.run(
      'INSERT INTO snapshots (session, seq, path, call, run, wrote) VALUES (?, ?, ?, ?, ?, ?)',
      session,
      seq,
      path,
      about,
      run ?? null,
      isWrite({ change }) ? 1 : 0,
    );
  }
  if (kind === 'restore' && (JSON.parse(data) as Restore).state === 'ended') {
    connection.run('DELETE FROM open_restores WHERE session = ? AND entry = ?', session, about);
  }
}

/** A restoration begins on this machine; what a log from elsewhere tells of is none. */
export function openRestore(connection: Connection, session: number, entry: string): void {
  connection.run(
    'INSERT INTO open_restores (session, entry) VALUES (?, ?) ON CONFLICT DO UPDATE SET entry = excluded.entry',
    session,
    entry,
  );
}

export interface SnapshotTexts {
  entries: string[];
  next: number | null;
}

/** A page of snapshots, newest first. */
export function readSnapshots(connection: Connection, query: SnapshotQuery): SnapshotTexts {
  const log = readLog(connection, query.session);
  if (log === undefined) return { entries: [], next: null };
  const where = ['session = ?', 'seq < ?'];
  const values: SqlValue[] = [log.num, query.before ?? Number.MAX_SAFE_INTEGER];
  for (const name of ['path', 'call', 'run'] as const) {
    const value = query[name];
    if (value === undefined) continue;
    where.push(`${name} = ?`);
    values.push(value);
  }
  if (query.changes !== 'all') where.push(`wrote = ${query.changes === 'write' ? 1 : 0}`);
  const seqs = connection.all<{ seq: number }>(
    `SELECT seq FROM snapshots WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`,
    ...values,
    query.limit + 1,
  );
  const page = seqs.slice(0, query.limit);
  const next = seqs.length > query.limit ? (page.at(-1)?.seq ?? null) : null;
  return { entries: page.map(({ seq }) => textAt(connection, log.num, seq)), next };
}

export interface SpanTexts {
  files: { path: string; first: string; last: string }[];
  next: string | null;
}

/** The first and the last snapshot of each file that was written, in the order of the paths. */
export function readSpans(connection: Connection, query: SnapshotSpanQuery): SpanTexts {
  const log = readLog(connection, query.session);
  if (log === undefined) return { files: [], next: null };
  const where = ['session = ?', 'wrote = 1', 'path > ?'];
  const values: SqlValue[] = [log.num, query.after ?? ''];
  for (const name of ['call', 'run'] as const) {
    const value = query[name];
    if (value === undefined) continue;
    where.push(`${name} = ?`);
    values.push(value);
  }
  const rows = connection.all<{ path: string; first: number; last: number }>(
    `SELECT path, min(seq) AS first, max(seq) AS last FROM snapshots
     WHERE ${where.join(' AND ')} GROUP BY path ORDER BY path LIMIT ?`,
    ...values,
    query.limit + 1,
  );
  const page = rows.slice(0, query.limit);
  return {
    files: page.map(({ path, first, last }) => ({
      path,
      first: textAt(connection, log.num, first),
      last: textAt(connection, log.num, last),
    })),
    next: rows.length > query.limit ? (page.at(-1)?.path ?? null) : null,
  };
}

/** Restorations that have not ended. */
export function readOpenRestores(connection: Connection): { session: string; entry: string }[] {
  return connection.all(
    'SELECT s.id AS session, r.entry FROM open_restores r JOIN sessions s ON s.num = r.session',
  );
}

function textAt(connection: Connection, session: number, seq: number): string {
  const row = entryAt(connection, session, seq);
  if (row === undefined) throw new Error(`The entry ${seq} of a snapshot is gone.`);
  return entryText(row);
}
