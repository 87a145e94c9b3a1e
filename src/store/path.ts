import { type Branch, branchAt, branchOf, hasBranches } from './branches.ts';
import type { Connection } from './connection.ts';
import { entryById } from './entries.ts';
import { runSpan } from './runs.ts';
import type { SessionLog } from './writer-memory.ts';

/** Seqs from `first` to `last`: of the nodes there, those up to `upTo` are on the path. */
interface Stretch {
  first: number;
  last: number;
  upTo: number;
}

/** What says whether an entry belongs to the path. */
export interface PathRow {
  seq: number;
  id: string;
  node: number;
  about: string | null;
  run: string | null;
}

/** A run whose nodes lie on more branches is taken to be on the path. */
const runBranches = 256;

/** The nodes from one back to the root, and what belongs to them (see `HistoryQuery.path`). */
export class Path {
  readonly #connection: Connection;
  readonly #session: number;
  readonly #lastSeq: number;
  readonly #to: number;
  readonly #tip: Branch;
  readonly #runs = new Map<string, boolean>();
  #stretch: Stretch | undefined;

  private constructor(connection: Connection, log: SessionLog, to: number) {
    this.#connection = connection;
    this.#session = log.num;
    this.#lastSeq = log.lastSeq;
    this.#to = to;
    this.#tip = branchOf(connection, log.num, to);
  }

  /** Undefined where every entry is on the path. */
  static to(connection: Connection, log: SessionLog, node: string | null): Path | undefined {
    const seq = node === null ? undefined : entryById(connection, log.num, node)?.seq;
    if (node === log.head) {
      // A head that cannot be found is damage: then everything is shown.
      if (seq === undefined || !hasBranches(connection, log.num)) return undefined;
    }
    return new Path(connection, log, seq ?? 0);
  }

  shows(row: PathRow): boolean {
    if (row.node === 1) return this.has(row.seq);
    const nodes = this.#nodesAbout(row.id) ?? this.#nodesOf(row.about);
    if (nodes !== undefined) return nodes.some((seq) => this.has(seq));
    return row.run === null || this.#showsRun(row.run);
  }

  /** Whether the node at this seq is on the path. */
  has(seq: number): boolean {
    return seq <= this.stretch(seq).upTo;
  }

  /** The part of the log around a seq that is on the path up to a seq and off it from there on. */
  stretch(seq: number): Stretch {
    const known = this.#stretch;
    if (known !== undefined && known.first <= seq && seq <= known.last) return known;
    this.#stretch = this.#find(seq);
    return this.#stretch;
  }

  /** By the last branch on the way to the root that begins after `seq`: before it, its base ends the path. */
  #find(seq: number): Stretch {
    if (this.#tip.seq <= seq) {
      return { first: this.#tip.seq, last: Number.MAX_SAFE_INTEGER, upTo: this.#to };
    }
    let branch = this.#tip;
    for (;;) {
      const last = branch.seq - 1;
      if (branch.base === null) return { first: 0, last, upTo: 0 };
      const next = this.#towardsRoot(branch, seq);
      // Where the way is broken nobody knows what was left: everything before is shown.
      if (next === 'broken' || branch.parent === null) return { first: 0, last, upTo: last };
      if (next === undefined) return { first: branch.parent, last, upTo: branch.base };
      branch = next;
    }
  }

  /** A branch nearer to the root that still begins after `seq`, as far as one step goes. */
  #towardsRoot(branch: Branch, seq: number): Branch | 'broken' | undefined {
    for (const first of [branch.jump, branch.parent]) {
      if (first === null || first <= seq) continue;
      const next = branchAt(this.#connection, this.#session, first);
      return next === undefined || next.seq >= branch.seq ? 'broken' : next;
    }
    return undefined;
  }

  /** What an entry is about: that node itself, or the nodes that are about the same. */
  #nodesOf(about: string | null): readonly number[] | undefined {
    if (about === null) return undefined;
    const entry = this.#connection.get<{ seq: number; node: number }>(
      'SELECT seq, node & 1 AS node FROM entries WHERE id = ? AND session = ?',
      about,
      this.#session,
    );
    return entry?.node === 1 ? [entry.seq] : this.#nodesAbout(about);
  }

  #nodesAbout(id: string): readonly number[] | undefined {
    const nodes = this.#connection.all<{ seq: number }>(
      'SELECT seq FROM entries WHERE session = ? AND about = ? AND node = 1',
      this.#session,
      id,
    );
    return nodes.length === 0 ? undefined : nodes.map(({ seq }) => seq);
  }

  #showsRun(run: string): boolean {
    const known = this.#runs.get(run) ?? this.#findRun(run);
    this.#runs.set(run, known);
    return known;
  }

  /** From one stretch to the next: what is off the path in one is off it to its end. */
  #findRun(run: string): boolean {
    const span = runSpan(this.#connection, this.#session, run);
    if (span === undefined) return true;
    let from = span.first;
    for (let looked = 0; looked < runBranches; looked += 1) {
      const node = this.#connection.get<{ seq: number }>(
        `SELECT seq FROM entries WHERE session = ? AND seq BETWEEN ? AND ? AND run = ? AND node = 1
         ORDER BY seq LIMIT 1`,
        this.#session,
        from,
        span.last ?? this.#lastSeq,
        run,
      );
      if (node === undefined) return looked === 0;
      if (this.has(node.seq)) return true;
      from = Math.min(this.stretch(node.seq).last, this.#lastSeq) + 1;
    }
    return true;
  }
}
