import type { HistoryQuery, HistoryTextPage } from '../ports/store.ts';
import type { Connection } from './connection.ts';
import { entryAt, entryColumns, entryText, missingEntry, type EntryRow } from './entries.ts';
import { Path, type PathRow } from './path.ts';
import { runSpan } from './runs.ts';
import { readLog } from './session-row.ts';
import type { SessionLog } from './writer-memory.ts';

/** Entries of one block of `kind_blocks`. */
export const blockSize = 512;

/** Entries that a page looks at and leaves out before it ends. */
const leftOutRows = 4096;

interface Range {
  first: number;
  last: number;
}

/** What a page reads: of which log, in which way, and of which path. */
interface Reading {
  connection: Connection;
  num: number;
  query: HistoryQuery;
  path: Path | undefined;
}

/** A page being filled: says when the next entry would be too much. */
class Page {
  readonly entries: { seq: number; json: string }[] = [];
  #bytes = 0;
  #leftOut = 0;
  readonly #query: HistoryQuery;

  constructor(query: HistoryQuery) {
    this.#query = query;
  }

  /** Why an entry of this size has no room; the first one always has. */
  full(size: number): 'limit' | 'bytes' | undefined {
    if (this.entries.length === 0) return undefined;
    if (this.entries.length >= this.#query.limit) return 'limit';
    return this.#bytes + size > this.#query.maxBytes ? 'bytes' : undefined;
  }

  /** Whether so many were left out that the page ends here. */
  leaveOut(): boolean {
    this.#leftOut += 1;
    return this.#leftOut >= leftOutRows;
  }

  add(seq: number, json: string, size: number): void {
    this.entries.push({ seq, json });
    this.#bytes += size;
  }
}

/** The part of the log that the query can mean: after or before the cursor, within the run. */
function rangeOf(connection: Connection, num: number, lastSeq: number, query: HistoryQuery): Range {
  const range = { first: (query.after ?? 0) + 1, last: lastSeq };
  if (query.after === undefined) range.last = Math.min(lastSeq, (query.before ?? lastSeq + 1) - 1);
  if (query.run === undefined) return range;
  const span = runSpan(connection, num, query.run);
  if (span === undefined) return { first: 1, last: 0 };
  return {
    first: Math.max(range.first, span.first),
    last: Math.min(range.last, span.last ?? range.last),
  };
}

/** The range, or its blocks in which one of the kinds occurs, in the direction of reading. */
function* partsOf(
  connection: Connection,
  num: number,
  range: Range,
  query: HistoryQuery,
): Generator<Range> {
  if (query.kinds === undefined) {
    yield range;
    return;
  }
  const forward = query.after !== undefined;
  const next = `SELECT ${forward ? 'min' : 'max'}(block) AS block FROM kind_blocks
    WHERE session = ? AND kind = ? AND block BETWEEN ? AND ?`;
  let [from, to] = [Math.floor(range.first / blockSize), Math.floor(range.last / blockSize)];
  while (from <= to) {
    const bounds: [number, number] = [from, to];
    const blocks = query.kinds.flatMap((kind) => {
      const block = connection.get<{ block: number | null }>(next, num, kind, ...bounds)?.block;
      return block === null || block === undefined ? [] : [block];
    });
    if (blocks.length === 0) return;
    const block = forward ? Math.min(...blocks) : Math.max(...blocks);
    yield {
      first: Math.max(range.first, block * blockSize),
      last: Math.min(range.last, (block + 1) * blockSize - 1),
    };
    if (forward) from = block + 1;
    else to = block - 1;
  }
}

function rowsOf<Row>(
  { connection, num, query }: Reading,
  part: Range,
  columns: string,
): Iterable<Row> {
  const sql = `SELECT ${columns} FROM entries
    WHERE session = ?1 AND seq BETWEEN ?2 AND ?3 AND (?4 IS NULL OR run = ?4)
      AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5)))
    ORDER BY seq ${query.after === undefined ? 'DESC' : 'ASC'}`;
  const kinds = query.kinds === undefined ? null : JSON.stringify(query.kinds);
  return connection.iterate<Row>(sql, num, part.first, part.last, query.run ?? null, kinds);
}

interface Piece {
  seq: number;
  size: number;
  shown: boolean;
  text: () => string;
}

type FoundPiece = Piece & { session: number };

/** The rows of a part. What may be left out is read without its data first. */
function* foundOf(reading: Reading, part: Range): Generator<FoundPiece> {
  const { connection, num, path } = reading;
  if (path === undefined) {
    for (const row of rowsOf<EntryRow>(reading, part, entryColumns)) {
      const { session, seq, data } = row;
      yield { session, seq, size: data.length, shown: true, text: () => entryText(row) };
    }
    return;
  }
  const columns = 'session, seq, id, node & 1 AS node, about, run, length(data) AS size';
  for (const row of rowsOf<PathRow & { session: number; size: number }>(reading, part, columns)) {
    const text = (): string => {
      const entry = entryAt(connection, num, row.seq);
      return entry === undefined ? missingEntry(row.seq) : entryText(entry);
    };
    yield { ...row, shown: path.shows(row), text };
  }
}

/** The rows of a part, and without a filter also a stand-in for each seq that has no row. */
function* piecesOf(reading: Reading, part: Range): Generator<Piece> {
  const { num, query } = reading;
  const step = query.after === undefined ? -1 : 1;
  const dense = query.kinds === undefined && query.run === undefined;
  const missing = (seq: number): Piece => ({
    seq,
    size: 0,
    shown: true,
    text: () => missingEntry(seq),
  });
  let expected = step === 1 ? part.first : part.last;
  for (const row of foundOf(reading, part)) {
    // On a damaged page rows can lie where they do not belong: then their own seq is told as missing.
    if (row.session !== num || (row.seq - expected) * step < 0) continue;
    if (row.seq < part.first || row.seq > part.last) continue;
    for (; dense && expected !== row.seq; expected += step) yield missing(expected);
    expected = row.seq + step;
    yield row;
  }
  for (; dense && expected >= part.first && expected <= part.last; expected += step)
    yield missing(expected);
}

function pathOf(connection: Connection, log: SessionLog, query: HistoryQuery): Path | undefined {
  if (query.path === undefined) return undefined;
  return Path.to(connection, log, query.path === true ? log.head : query.path.to);
}

const nothing: HistoryTextPage = { entries: [], next: null, ended: 'end', head: null, lastSeq: 0 };

/** A page of the log as JSON texts. Reads rows one by one and stops at the first that has no room. */
export function readHistory(connection: Connection, query: HistoryQuery): HistoryTextPage {
  const log = readLog(connection, query.session);
  if (log === undefined) return nothing;
  const { head, lastSeq, num } = log;
  const page = new Page(query);
  const path = pathOf(connection, log, query);
  const reading: Reading = { connection, num, query, path };
  const range = rangeOf(connection, num, lastSeq, query);
  for (const part of partsOf(connection, num, range, query)) {
    if (part.first > part.last) continue;
    for (const piece of piecesOf(reading, part)) {
      if (!piece.shown) {
        if (!page.leaveOut()) continue;
        return { entries: page.entries, next: piece.seq, ended: 'limit', head, lastSeq };
      }
      const ended = page.full(piece.size);
      if (ended !== undefined) {
        const next = page.entries.at(-1)?.seq ?? null;
        return { entries: page.entries, next, ended, head, lastSeq };
      }
      page.add(piece.seq, piece.text(), piece.size);
    }
  }
  return { entries: page.entries, next: null, ended: 'end', head, lastSeq };
}
