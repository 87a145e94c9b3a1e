/**
 * Version 1 of the database.
 *
 * `entries` is in the order of arrival: what all active sessions append lands on the same few pages, and
 * only the small index (session, seq) is touched at many places. A table ordered by session costs half of
 * the append rate with 64 sessions, by its page splits. `(id, session)` begins with the id because ids are
 * time-ordered.
 * `logs` is small and apart from `sessions` and `states`, because every append changes it.
 * `kind_blocks` says in which blocks of 512 entries a kind occurs, so that a page of a rare kind skips the
 * rest of a long log without one more index entry per appended entry.
 * `hosts` and `host_inputs` are only of hosts that have not ended.
 * The triggers hold R2 against bugs: they refuse what the verdict should have refused before.
 */
export const schemaOne = `
CREATE TABLE sessions (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  key TEXT UNIQUE,
  agent TEXT NOT NULL DEFAULT '',
  cwd TEXT NOT NULL DEFAULT '',
  title TEXT,
  label TEXT,
  native_id TEXT,
  parent TEXT,
  status TEXT NOT NULL DEFAULT '',
  archived INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  last_activity_at TEXT NOT NULL,
  haystack TEXT NOT NULL DEFAULT '',
  traits TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_created ON sessions (created_at, id);
CREATE INDEX sessions_activity ON sessions (last_activity_at, id);
CREATE INDEX sessions_title ON sessions (title) WHERE title IS NOT NULL;
CREATE INDEX sessions_label ON sessions (label) WHERE label IS NOT NULL;
CREATE INDEX sessions_native ON sessions (native_id) WHERE native_id IS NOT NULL;
CREATE INDEX sessions_parent ON sessions (parent) WHERE parent IS NOT NULL;

CREATE TABLE session_meta (
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  session INTEGER NOT NULL,
  PRIMARY KEY (name, value, session)
) WITHOUT ROWID;
CREATE INDEX session_meta_session ON session_meta (session);

CREATE TABLE logs (
  session INTEGER PRIMARY KEY,
  epoch INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  head TEXT,
  seal INTEGER NOT NULL
);

CREATE TABLE states (
  session INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  row TEXT NOT NULL,
  json TEXT NOT NULL
);

CREATE TABLE entries (
  num INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  node INTEGER NOT NULL,
  parent TEXT,
  run TEXT,
  at TEXT NOT NULL,
  by TEXT NOT NULL,
  parent_call TEXT,
  about TEXT,
  digest TEXT NOT NULL,
  seal INTEGER NOT NULL,
  data BLOB NOT NULL
);
CREATE UNIQUE INDEX entries_seq ON entries (session, seq);
CREATE UNIQUE INDEX entries_id ON entries (id, session);
CREATE UNIQUE INDEX entries_terminal ON entries (session, run) WHERE kind = 'run_ended';

CREATE TRIGGER entries_after_terminal BEFORE INSERT ON entries WHEN NEW.run IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'the run has its terminal entry')
  WHERE EXISTS (
    SELECT 1 FROM entries
    WHERE session = NEW.session AND run = NEW.run AND kind = 'run_ended'
  );
END;
CREATE TRIGGER entries_unchanged BEFORE UPDATE ON entries
BEGIN
  SELECT RAISE(ABORT, 'entries are never changed');
END;

CREATE TABLE kind_blocks (
  session INTEGER NOT NULL,
  kind TEXT NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (session, kind, block)
) WITHOUT ROWID;

CREATE TABLE runs (
  num INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  run TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  trigger TEXT,
  started_at TEXT,
  started_seq INTEGER,
  ended_at TEXT,
  ended_seq INTEGER,
  outcome TEXT,
  UNIQUE (session, run)
);
CREATE INDEX runs_session ON runs (session);
CREATE INDEX runs_outcome ON runs (outcome);

CREATE TABLE approvals (
  num INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  entry TEXT NOT NULL,
  seq INTEGER NOT NULL,
  decided_seq INTEGER,
  UNIQUE (session, entry)
);
CREATE INDEX approvals_open ON approvals (num) WHERE decided_seq IS NULL;
CREATE INDEX approvals_open_session ON approvals (session) WHERE decided_seq IS NULL;

CREATE TABLE hosts (
  num INTEGER PRIMARY KEY,
  host TEXT NOT NULL UNIQUE,
  session INTEGER NOT NULL,
  spec TEXT NOT NULL,
  decoder_version INTEGER NOT NULL,
  ingested INTEGER NOT NULL,
  replay_from INTEGER NOT NULL,
  snapshot TEXT,
  input_end INTEGER NOT NULL
);
CREATE INDEX hosts_session ON hosts (session);

CREATE TABLE host_inputs (
  num INTEGER PRIMARY KEY,
  host INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  seal INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (host, offset)
);

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  user TEXT,
  scopes TEXT NOT NULL,
  sessions TEXT,
  created_at TEXT NOT NULL,
  expires_at TEXT,
  revoked_at TEXT
) WITHOUT ROWID;
`;

/**
 * Version 2: tokens of hosts. Such a token lives as long as the row of its host: it cannot be made without
 * it, and the transaction that stores the end of the host removes it. No crash comes between.
 */
export const schemaTwo = `
ALTER TABLE tokens ADD COLUMN host TEXT;
CREATE INDEX tokens_host ON tokens (host) WHERE host IS NOT NULL;
CREATE TRIGGER tokens_of_open_hosts BEFORE INSERT ON tokens WHEN NEW.host IS NOT NULL
BEGIN
  SELECT RAISE(ABORT, 'the host of the token is not open')
  WHERE NOT EXISTS (SELECT 1 FROM hosts WHERE host = NEW.host);
END;
CREATE TRIGGER hosts_with_tokens AFTER DELETE ON hosts
BEGIN
  DELETE FROM tokens WHERE host = OLD.host;
END;
`;
