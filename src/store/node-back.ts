import type { Connection } from './connection.ts';
import { Path } from './path.ts';
import { readLog } from './session-row.ts';
import type { SessionLog } from './writer-memory.ts';

export interface Node {
  id: string;
  seq: number;
}

/** The first of the last `back` nodes on the path after a seq, and how many there are, up to `back + 1`. */
export function nodeBack(
  connection: Connection,
  session: string,
  { after, back }: { after: number; back: number },
): { count: number; node: Node | null } {
  const log = readLog(connection, session);
  let count = 0;
  let node: Node | null = null;
  if (log === undefined) return { count, node };
  for (const one of nodesBackwards(connection, log, after)) {
    count += 1;
    if (count === back) node = one;
    if (count > back) break;
  }
  return { count, node };
}

/** From branch to branch: what the path has left is not read. */
function* nodesBackwards(connection: Connection, log: SessionLog, after: number): Generator<Node> {
  const path = Path.to(connection, log, log.head);
  let last = log.lastSeq;
  while (last > after) {
    const { first, upTo } = path?.stretch(last) ?? { first: 0, upTo: last };
    yield* connection.iterate<Node>(
      `SELECT id, seq FROM entries WHERE session = ? AND seq BETWEEN ? AND ? AND node = 1
       ORDER BY seq DESC`,
      log.num,
      Math.max(first, after + 1),
      Math.min(upTo, last),
    );
    last = first - 1;
  }
}
