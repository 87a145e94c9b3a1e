/**
 * Version 6: what agents may do unasked beside what their sessions say. `policies` has rules of directories, by
 * real path, and with '' those that hold everywhere. `bypass_until` finds the bypasses whose end is to come.
 */
export const schemaSix = `
ALTER TABLE sessions ADD COLUMN bypass_until TEXT;
CREATE INDEX sessions_bypass ON sessions (bypass_until) WHERE bypass_until IS NOT NULL;

CREATE TABLE policies (
  directory TEXT PRIMARY KEY,
  rules TEXT NOT NULL,
  revision INTEGER NOT NULL,
  changed_at TEXT NOT NULL,
  changed_by TEXT NOT NULL
) WITHOUT ROWID;
`;
