/**
 * Version 9: hooks. What a host says whose session has a before-commit hook is `withheld`: its files are not
 * kept. `hook_events` names the entries of which hooks are notified, in the order of arrival, from the
 * transactions that store them; `hook_cursors` says how far each hook is. A number is never given twice.
 */
export const schemaNine = `
ALTER TABLE hosts ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0;
ALTER TABLE past_hosts ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0;

CREATE TABLE hook_events (
  num INTEGER PRIMARY KEY AUTOINCREMENT,
  session TEXT NOT NULL,
  seq INTEGER NOT NULL
);
CREATE TABLE hook_cursors (
  hook TEXT PRIMARY KEY,
  num INTEGER NOT NULL
) WITHOUT ROWID;
`;
