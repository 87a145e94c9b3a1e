import type { HostChange, HostRow, SettledFiles } from '../ports/store.ts';
import type { Connection, SqlValue } from './connection.ts';

interface StoredHost {
  host: string;
  session_id: string;
  spec: string;
  decoder_version: number;
  ingested: number;
  replay_from: number;
  snapshot: string | null;
  input_end: number;
  withheld: number;
}

/** Which column keeps which field of a change. */
const columns: Record<Exclude<keyof HostChange, 'host' | 'phase'>, string> = {
  spec: 'spec',
  decoderVersion: 'decoder_version',
  ingested: 'ingested',
  replayFrom: 'replay_from',
  snapshot: 'snapshot',
  withheld: 'withheld',
};

const initial: Required<Omit<HostChange, 'host' | 'phase' | 'spec'>> = {
  decoderVersion: 0,
  ingested: 0,
  replayFrom: 0,
  snapshot: null,
  withheld: false,
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

/**
 * Creates, changes or ends a host's row; the verdict has made sure that it may. What is said of a host after
 * its end in the same batch is of no use to anybody.
 */
export function writeHost(connection: Connection, session: number, change: HostChange): void {
  if (change.phase === 'ended') return endHost(connection, change);
  const exists = hostFacts(connection, change.host) !== undefined;
  if (!exists && change.phase !== 'intended') return;
  const { host, phase: _, ...named } = exists ? change : { ...initial, ...change };
  const fields = Object.entries(named).filter(([, value]) => value !== undefined);
  if (fields.length === 0 && exists) return;
  const names = fields.map(([field]) => columns[field as keyof typeof columns]);
  const values = fields.map(
    ([, value]) => (typeof value === 'boolean' ? Number(value) : value) as SqlValue,
  );
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

/** Nobody decodes its output again; its files and stored input wait to be archived. */
function endHost(connection: Connection, { host, ingested, withheld }: HostChange): void {
  connection.run(
    `INSERT OR REPLACE INTO past_hosts (host, session, ingested, files, withheld)
     SELECT host, session, coalesce(?, ingested), 'ended', max(withheld, ?) FROM hosts WHERE host = ?`,
    ingested ?? null,
    Number(withheld ?? false),
    host,
  );
  connection.run('DELETE FROM hosts WHERE host = ?', host);
}

/** A host that has not ended keeps its input, whatever is said of its files. */
export function settleHost(connection: Connection, host: string, files: SettledFiles): boolean {
  return connection.transaction(() => {
    const past = 'UPDATE past_hosts SET files = ? WHERE host = ?';
    if (connection.run(past, files, host) === 0) return false;
    connection.run('DELETE FROM host_inputs WHERE host = ?', host);
    return true;
  });
}

export function readEndedHosts(
  connection: Connection,
): { host: string; ingested: number; withheld: boolean }[] {
  const sql = `SELECT host, ingested, withheld FROM past_hosts WHERE files = 'ended'`;
  return connection
    .all<{ host: string; ingested: number; withheld: number }>(sql)
    .map((row) => ({ ...row, withheld: row.withheld !== 0 }));
}

function hostRow(row: StoredHost): HostRow {
  return {
    host: row.host,
    session: row.session_id,
    spec: row.spec,
    decoderVersion: row.decoder_version,
    ingested: row.ingested,
    replayFrom: row.replay_from,
    snapshot: row.snapshot,
    inputEnd: row.input_end,
    withheld: row.withheld !== 0,
  };
}

const selectHosts = `SELECT h.*, s.id AS session_id
  FROM hosts h JOIN sessions s ON s.num = h.session`;

export function readOpenHosts(connection: Connection): HostRow[] {
  return connection.all<StoredHost>(`${selectHosts} ORDER BY h.num`).map(hostRow);
}

export function readHostsOf(connection: Connection, session: number): HostRow[] {
  return connection
    .all<StoredHost>(`${selectHosts} WHERE h.session = ? ORDER BY h.num`, session)
    .map(hostRow);
}
