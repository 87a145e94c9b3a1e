/**
 * Version 3: what is needed to read an agent's lines again, also after its host's end.
 *
 * A host that has ended goes from `hosts` to `past_hosts`, where `files` says what became of its files. Its
 * input stays until they are settled; marks of it stand before the bytes, which may be large and are not read
 * with them. `host_runs` says which part of a host's files belongs to a run.
 */
export const schemaThree = `
CREATE TABLE past_hosts (
  host TEXT PRIMARY KEY,
  ingested INTEGER NOT NULL,
  files TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX past_hosts_ended ON past_hosts (host) WHERE files = 'ended';

ALTER TABLE host_inputs RENAME TO old_inputs;
CREATE TABLE host_inputs (
  num INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  offset INTEGER NOT NULL,
  at TEXT,
  seq INTEGER NOT NULL,
  output INTEGER NOT NULL,
  run TEXT,
  entry TEXT,
  seal INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (host, offset)
);
INSERT INTO host_inputs (num, host, offset, seq, output, seal, bytes)
  SELECT i.num, h.host, i.offset, 0, 0, i.seal, i.bytes
  FROM old_inputs i JOIN hosts h ON h.num = i.host;
DROP TABLE old_inputs;

CREATE TABLE host_runs (
  num INTEGER PRIMARY KEY,
  session INTEGER NOT NULL,
  run TEXT NOT NULL,
  host TEXT NOT NULL,
  begin_output INTEGER NOT NULL,
  begin_sent INTEGER NOT NULL,
  end_output INTEGER,
  end_sent INTEGER,
  UNIQUE (session, run, host)
);
`;
