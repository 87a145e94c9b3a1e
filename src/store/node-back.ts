import type { Connection } from './connection.ts';
import { Path } from './path.ts';
import { readLog } from './session-row.ts';

/** The first of the last `back` nodes on the path after a seq, and how many there are, up to `back + 1`. */
export function nodeBack(
  connection: Connection,
  session: string,
  { after, back }: { after: number; back: number },
): { count: number; node: { id: string; seq: number } | null } {
  const log = readLog(connection, session);
  const found: { count: number; node: { id: string; seq: number } | null } = {
    count: 0,
    node: null,
  };
  if (log === undefined) return found;
  const path = Path.to(connection, log, log.head);
  const rows = connection.iterate<{ id: string; seq: number }>(
    'SELECT id, seq FROM entries WHERE session = ? AND seq > ? AND node = 1 ORDER BY seq DESC',
    log.num,
    after,
  );
  for (const { id, seq } of rows) {
    if (path?.has(seq) === false) continue;
    found.count += 1;
    if (found.count === back) found.node = { id, seq };
    if (found.count > back) break;
  }
  return found;
}
