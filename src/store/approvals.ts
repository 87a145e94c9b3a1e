import type { Connection } from './connection.ts';
import { entryAt, entryText } from './entries.ts';
import type { WireEntry } from './wire.ts';

/** Keeps which approvals and questions are open, as the entry tells it. */
export function writeApproval(
  connection: Connection,
  session: number,
  seq: number,
  entry: WireEntry,
): void {
  if (entry.kind === 'approval' || entry.kind === 'question') {
    connection.run(
      'INSERT INTO approvals (session, entry, seq) VALUES (?, ?, ?)',
      session,
      entry.id,
      seq,
    );
  } else if ((entry.kind === 'decision' || entry.kind === 'answer') && entry.about !== null) {
    connection.run(
      'UPDATE approvals SET decided_seq = ? WHERE session = ? AND entry = ? AND decided_seq IS NULL',
      seq,
      session,
      entry.about,
    );
  }
}

export interface OpenApprovalText {
  session: string;
  json: string;
}

/** Approvals and questions without a decision, oldest first; not those of deleted sessions. */
export function readOpenApprovals(
  connection: Connection,
  query: { sessions?: readonly string[]; limit: number },
): OpenApprovalText[] {
  const bound = query.sessions === undefined ? '' : 'AND s.id IN (SELECT value FROM json_each(?2))';
  const rows = connection.all<{ id: string; session: number; seq: number }>(
    `SELECT s.id, a.session, a.seq FROM approvals a JOIN sessions s ON s.num = a.session
     WHERE a.decided_seq IS NULL AND s.deleted_at IS NULL ${bound} ORDER BY a.num LIMIT ?1`,
    query.limit,
    ...(query.sessions === undefined ? [] : [JSON.stringify(query.sessions)]),
  );
  return rows.flatMap(({ id, session, seq }) => {
    const row = entryAt(connection, session, seq);
    return row === undefined ? [] : [{ session: id, json: entryText(row) }];
  });
}

/** The first decision about an approval or question; undefined while it is open. */
export function readDecision(
  connection: Connection,
  session: string,
  approval: string,
): string | undefined {
  const decided = connection.get<{ session: number; seq: number }>(
    `SELECT a.session, a.decided_seq AS seq FROM approvals a JOIN sessions s ON s.num = a.session
     WHERE s.id = ? AND a.entry = ? AND a.decided_seq IS NOT NULL`,
    session,
    approval,
  );
  const row = decided && entryAt(connection, decided.session, decided.seq);
  return row && entryText(row);
}
