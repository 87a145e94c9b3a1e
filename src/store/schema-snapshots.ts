import type { Connection } from './connection.ts';
import { entryColumns, type EntryRow, intactData } from './entries.ts';
import { whereReadable } from './schema-lifecycle.ts';
import { writeSnapshot } from './snapshots.ts';

/**
 * Version 7: where the snapshots of a file, of a call and of a run are. `call` is the entry that they are
 * about; `wrote` is 1 where the file may have been written. `open_restores` has restorations that began and
 * have not ended.
 */
export const schemaSeven = `
CREATE TABLE snapshots (
  session INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  path TEXT NOT NULL,
  call TEXT,
  run TEXT,
  wrote INTEGER NOT NULL,
  PRIMARY KEY (session, seq)
) WITHOUT ROWID;
CREATE INDEX snapshots_path ON snapshots (session, path, seq);
CREATE INDEX snapshots_call ON snapshots (session, call, seq);
CREATE INDEX snapshots_run ON snapshots (session, run, seq) WHERE run IS NOT NULL;
CREATE INDEX snapshots_wrote ON snapshots (session, path, seq) WHERE wrote = 1;

CREATE TABLE open_restores (
  session INTEGER PRIMARY KEY,
  entry TEXT NOT NULL
);
`;

/** What imported logs tell that are there already; a damaged entry tells nothing. */
export function fillSeven(connection: Connection): void {
  const sql = `SELECT ${entryColumns} FROM entries WHERE kind IN ('snapshot', 'restore') ORDER BY num`;
  whereReadable(() => {
    for (const row of connection.iterate<EntryRow>(sql)) {
      const data = intactData(row);
      if (data !== undefined) writeSnapshot(connection, row.session, row.seq, { ...row, data });
    }
  });
}
