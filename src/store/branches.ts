import type { Connection } from './connection.ts';
import { entryById } from './entries.ts';

/**
 * A log is a tree whose nodes lie in the order of their arrival. Where a node does not continue the node
 * before it, a branch begins; up to the next such place every node continues the one before. A log without
 * rows in `branches` is one line.
 *
 *     seq   1 2 3 4 | 5 6 | 7 8          branch 5 has base 2, branch 7 has base 6:
 *                     base 2  base 6     the path to 8 is 1 2, 5 6, 7 8
 *
 * `parent` is the branch of the base, null where the branch begins a tree of its own or its base is lost; `jump` is a branch further on the
 * way to the root (skew-binary jump pointers), so that an append writes one row, and the part of a path at
 * any seq is found in a logarithm of the branches. Nothing is ever changed when the head moves.
 */
export interface Branch {
  /** Of its first node; 0 for the first branch of a log, which has no row. */
  seq: number;
  base: number | null;
  parent: number | null;
  jump: number;
  depth: number;
}

/** The base of a branch whose parent is named but not there. */
const lostBase = 0;

const trunk: Branch = { seq: 0, base: null, parent: null, jump: 0, depth: 0 };
const columns = 'seq, base, parent, jump, depth';

/** The branch that begins at a seq; undefined where its row is gone. */
export function branchAt(connection: Connection, session: number, seq: number): Branch | undefined {
  if (seq === 0) return trunk;
  const sql = `SELECT ${columns} FROM branches WHERE session = ? AND seq = ?`;
  return connection.get<Branch>(sql, session, seq);
}

/** The branch in which the node with this seq is. */
export function branchOf(connection: Connection, session: number, seq: number): Branch {
  const sql = `SELECT ${columns} FROM branches WHERE session = ? AND seq <= ? ORDER BY seq DESC LIMIT 1`;
  return connection.get<Branch>(sql, session, seq) ?? trunk;
}

export function hasBranches(connection: Connection, session: number): boolean {
  return connection.get('SELECT 1 FROM branches WHERE session = ? LIMIT 1', session) !== undefined;
}

/** Notes that the node at `seq` does not continue the node before it. */
export function addBranch(
  connection: Connection,
  session: number,
  seq: number,
  parentId: string | null,
): void {
  const base =
    parentId === null ? null : (entryById(connection, session, parentId)?.seq ?? lostBase);
  const parent = base === null || base === lostBase ? null : branchOf(connection, session, base);
  connection.run(
    `INSERT INTO branches (session, ${columns}) VALUES (?, ?, ?, ?, ?, ?)`,
    session,
    seq,
    base,
    parent?.seq ?? null,
    parent === null ? seq : jumpFrom(connection, session, parent),
    parent === null ? 0 : parent.depth + 1,
  );
}

/** Where the jump of a child of `parent` goes: over two jumps of equal length, else to the parent. */
function jumpFrom(connection: Connection, session: number, parent: Branch): number {
  const one = branchAt(connection, session, parent.jump);
  const two = one && branchAt(connection, session, one.jump);
  if (one === undefined || two === undefined) return parent.seq;
  return parent.depth - one.depth === one.depth - two.depth ? two.seq : parent.seq;
}
