/**
 * Version 10: tokens of writers. One that is bound to a single session has the epoch of the session's writer
 * that was in force when it was made; `organization` is the only one whose name may come with it.
 */
export const schemaTen = `
ALTER TABLE tokens ADD COLUMN epoch INTEGER;
ALTER TABLE tokens ADD COLUMN organization TEXT;
`;
