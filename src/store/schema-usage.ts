import type { Connection } from './connection.ts';
import { entryColumns, type EntryRow, intactData } from './entries.ts';
import { whereReadable } from './schema-lifecycle.ts';
import { writeUsage } from './usage.ts';

/**
 * Version 5: what sessions have used.
 *
 * `usage_reports` has the last report of every key of a session: it is the one that counts. `usage_sums` and
 * `usage_costs` have their sums, so that a summary reads one row for the many reports of a run; they are in
 * the order of days, because a summary is mostly of some of them. `run` is the number of the run's row, 0 for
 * none; `model` is '' for none. `reports` says when a sum is of nothing any more.
 */
export const schemaFive = `
CREATE TABLE usage_reports (
  num INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  key TEXT NOT NULL,
  day TEXT NOT NULL,
  run INTEGER NOT NULL,
  model TEXT NOT NULL,
  input REAL NOT NULL,
  output REAL NOT NULL,
  cache_read REAL NOT NULL,
  cache_write REAL NOT NULL,
  thought REAL NOT NULL,
  amount REAL,
  currency TEXT,
  UNIQUE (session, key)
);

CREATE TABLE usage_sums (
  day TEXT NOT NULL,
  session INTEGER NOT NULL,
  run INTEGER NOT NULL,
  model TEXT NOT NULL,
  reports INTEGER NOT NULL,
  input REAL NOT NULL,
  output REAL NOT NULL,
  cache_read REAL NOT NULL,
  cache_write REAL NOT NULL,
  thought REAL NOT NULL,
  PRIMARY KEY (day, session, run, model)
) WITHOUT ROWID;
CREATE INDEX usage_sums_session ON usage_sums (session);

CREATE TABLE usage_costs (
  day TEXT NOT NULL,
  session INTEGER NOT NULL,
  model TEXT NOT NULL,
  currency TEXT NOT NULL,
  reports INTEGER NOT NULL,
  amount REAL NOT NULL,
  PRIMARY KEY (day, session, model, currency)
) WITHOUT ROWID;
CREATE INDEX usage_costs_session ON usage_costs (session);
`;

/** What the logs tell that are there already; a damaged entry tells nothing. */
export function fillFive(connection: Connection): void {
  const sql = `SELECT ${entryColumns} FROM entries WHERE kind = 'usage' ORDER BY num`;
  whereReadable(() => {
    for (const row of connection.iterate<EntryRow>(sql)) {
      const data = intactData(row);
      const { kind, run, at } = row;
      if (data !== undefined) writeUsage(connection, row.session, { kind, run, at, data });
    }
  });
}
