/**
 * Version 8: what may be used. `budgets` has one row, that of all sessions. `estimate` is 1 for a report whose
 * cost was estimated, and `estimates` says how many of those a sum has.
 */
export const schemaEight = `
CREATE TABLE budgets (
  name TEXT PRIMARY KEY,
  budget TEXT NOT NULL
) WITHOUT ROWID;

ALTER TABLE usage_reports ADD COLUMN estimate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_costs ADD COLUMN estimates INTEGER NOT NULL DEFAULT 0;
`;
