import type { HostChange, HostRow } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';

interface StoredHost {
  host: string;
  session_id: string;
  phase: HostRow['phase'];
  spec: string;
  decoder_version: number;
  ingested: number;
  replay_from: number;
  snapshot: string | null;
  input_end: number;
  pid: number | null;
  start_time: number | null;
  boot_id: string | null;
}

/** Which column keeps which field of a change. */
const columns: Record<Exclude<keyof HostChange, 'host'>, string> = {
  phase: 'phase',
  spec: 'spec',
  decoderVersion: 'decoder_version',
  ingested: 'ingested',
  replayFrom: 'replay_from',
  snapshot: 'snapshot',
  pid: 'pid',
  startTime: 'start_time',
  bootId: 'boot_id',
};

const initial: Required<Omit<HostChange, 'host' | 'phase' | 'spec'>> = {
  decoderVersion: 0,
  ingested: 0,
  replayFrom: 0,
  snapshot: null,
  pid: null,
  startTime: null,
  bootId: null,
};

export function hostFacts(
  connection: Connection,
  host: string,
): { num: number; session: string; inputEnd: number } | undefined {
  return connection.get(
    `SELECT h.num, s.id AS session, h.input_end AS inputEnd
     FROM hosts h JOIN sessions s ON s.num = h.session WHERE h.host = ?`,
    host,
  );
}

/** Creates or changes a host's row; the verdict has made sure that it may. */
export function writeHost(connection: Connection, session: number, change: HostChange): void {
  const exists = hostFacts(connection, change.host) !== undefined;
  const { host, ...named } = exists ? change : { ...initial, ...change };
  const fields = Object.entries(named).filter(([, value]) => value !== undefined);
  if (fields.length === 0 && exists) return;
  const names = fields.map(([field]) => columns[field as keyof typeof columns]);
  const values = fields.map(([, value]) => value as SqlValue);
  if (exists) {
    connection.run(
      `UPDATE hosts SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE host = ?`,
      ...values,
      host,
    );
    return;
  }
  connection.run(
    `INSERT INTO hosts (host, session, input_end, ${names.join(', ')})
     VALUES (?, ?, 0, ${names.map(() => '?').join(', ')})`,
    host,
    session,
    ...values,
  );
}

function hostRow(row: StoredHost): HostRow {
  return {
    host: row.host,
    session: row.session_id,
    phase: row.phase,
    spec: row.spec,
    decoderVersion: row.decoder_version,
    ingested: row.ingested,
    replayFrom: row.replay_from,
    snapshot: row.snapshot,
    inputEnd: row.input_end,
    pid: row.pid,
    startTime: row.start_time,
    bootId: row.boot_id,
  };
}

const selectOpen = `SELECT h.*, s.id AS session_id FROM hosts h JOIN sessions s ON s.num = h.session
  WHERE h.phase <> 'ended'`;

export function readOpenHosts(connection: Connection): HostRow[] {
  return connection.all<StoredHost>(`${selectOpen} ORDER BY h.num`).map(hostRow);
}

export function readHostsOf(connection: Connection, session: number): HostRow[] {
  return connection
    .all<StoredHost>(`${selectOpen} AND h.session = ? ORDER BY h.num`, session)
    .map(hostRow);
}
