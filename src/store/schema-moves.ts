/**
 * Version 11: sessions that move between daemons. `departures` are told to their new place until that knows
 * of them; `arrivals` nobody writes before their whole log is here and given up to this daemon.
 */
export const schemaEleven = `
CREATE TABLE departures (
  session TEXT PRIMARY KEY,
  server TEXT NOT NULL,
  url TEXT NOT NULL,
  ticket TEXT NOT NULL,
  cwd TEXT,
  at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE arrivals (
  session TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  token TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  withdrawn INTEGER NOT NULL DEFAULT 0,
  known INTEGER NOT NULL
) WITHOUT ROWID;
`;
