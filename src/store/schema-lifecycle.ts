import type { Connection } from './connection.ts';
import { writeBlobRefs } from './blob-refs.ts';
import { failureOf } from './failure.ts';
import { addBranch } from './branches.ts';

/**
 * Version 4: deletion and what is kept beside logs.
 *
 * The indexes of lists leave deleted sessions out, so that what is kept for a time costs the lists nothing.
 * `branches`: see `branches.ts`. `entries_about` finds the deliveries of a prompt.
 * `blob_refs` says which session names which blob, and where first; a blob that nobody names any more waits
 * in `loose_blobs` for its file to be removed. `purges` are under way: the session's row number is given to
 * nobody before all of it is gone. `purged` keeps the id for ever.
 */
export const schemaFour = `
ALTER TABLE sessions ADD COLUMN deleted_at TEXT;
ALTER TABLE sessions ADD COLUMN purge_at TEXT;
CREATE INDEX sessions_purge ON sessions (purge_at) WHERE purge_at IS NOT NULL;

DROP INDEX sessions_created;
DROP INDEX sessions_activity;
DROP INDEX sessions_label;
DROP INDEX sessions_parent;
CREATE INDEX sessions_created ON sessions (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sessions_activity ON sessions (last_activity_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sessions_deleted ON sessions (created_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX sessions_agent ON sessions (agent, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sessions_cwd ON sessions (cwd, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sessions_status ON sessions (status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sessions_archived ON sessions (archived, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX sessions_label ON sessions (label, created_at, id) WHERE label IS NOT NULL;
CREATE INDEX sessions_parent ON sessions (parent, created_at, id) WHERE parent IS NOT NULL;

CREATE TABLE secrets (
  session INTEGER NOT NULL,
  name TEXT NOT NULL,
  seal INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (session, name)
) WITHOUT ROWID;

CREATE TABLE native_ids (
  native_id TEXT NOT NULL,
  session INTEGER NOT NULL,
  PRIMARY KEY (native_id, session)
) WITHOUT ROWID;
CREATE INDEX native_ids_session ON native_ids (session);
INSERT INTO native_ids (native_id, session)
  SELECT native_id, num FROM sessions WHERE native_id IS NOT NULL;
DROP INDEX sessions_native;

CREATE TABLE branches (
  session INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  base INTEGER,
  parent INTEGER,
  jump INTEGER NOT NULL,
  depth INTEGER NOT NULL,
  PRIMARY KEY (session, seq)
) WITHOUT ROWID;

CREATE TABLE blob_refs (
  digest TEXT NOT NULL,
  session INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (digest, session)
) WITHOUT ROWID;
CREATE INDEX blob_refs_session ON blob_refs (session);
CREATE TABLE loose_blobs (digest TEXT PRIMARY KEY) WITHOUT ROWID;

ALTER TABLE past_hosts ADD COLUMN session INTEGER;
UPDATE past_hosts SET session = (SELECT session FROM host_runs WHERE host = past_hosts.host);
CREATE INDEX past_hosts_session ON past_hosts (session);
CREATE INDEX host_runs_session ON host_runs (session);

CREATE TABLE purges (num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE purged (id TEXT PRIMARY KEY, at TEXT NOT NULL, hosts TEXT NOT NULL) WITHOUT ROWID;
`;

/** What takes reading all entries: branches of logs, and which of them name which blobs. */
export function fillFour(connection: Connection): void {
  const branching = `SELECT session, seq, parent FROM (
      SELECT session, seq, parent, lag(id) OVER (PARTITION BY session ORDER BY seq) AS before
      FROM entries WHERE node = 1
    ) WHERE parent IS NOT before ORDER BY session, seq`;
  const naming = `SELECT session, seq, data FROM entries WHERE instr(data, CAST(?1 AS BLOB)) > 0`;
  const about =
    'CREATE INDEX entries_about ON entries (session, about) WHERE node = 1 AND about IS NOT NULL';
  whereReadable(() => connection.db.exec(about));
  whereReadable(() => {
    const rows = connection.all<{ session: number; seq: number; parent: string | null }>(branching);
    for (const { session, seq, parent } of rows) addBranch(connection, session, seq, parent);
  });
  whereReadable(() => {
    const rows = connection.iterate<{ session: number; seq: number; data: Uint8Array }>(
      naming,
      '"digest"',
    );
    for (const { session, seq, data } of rows) {
      writeBlobRefs(connection, session, seq, Buffer.from(data).toString());
    }
  });
}

/** A damaged page must not keep the database from opening: what would be filled in from it is left out. */
export function whereReadable(fill: () => void): void {
  try {
    fill();
  } catch (error) {
    if (failureOf(error) !== 'rejected') throw error;
  }
}
