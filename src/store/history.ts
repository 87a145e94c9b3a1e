import type { HistoryQuery, HistoryTextPage } from '../ports/store.ts';
import type { Connection } from './connection.ts';
import { entryColumns, entryText, missingEntry, type EntryRow } from './entries.ts';
import { runSpan } from './runs.ts';
import { readLog } from './session-row.ts';

/** Entries of one block of `kind_blocks`. */
export const blockSize = 512;

interface Range {
  first: number;
  last: number;
}

/** A page being filled: says when the next entry would be too much. */
class Page {
  readonly entries: { seq: number; json: string }[] = [];
  #bytes = 0;
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

function rowsOf(
  connection: Connection,
  num: number,
  part: Range,
  query: HistoryQuery,
): Iterable<EntryRow> {
  const sql = `SELECT ${entryColumns} FROM entries
    WHERE session = ?1 AND seq BETWEEN ?2 AND ?3 AND (?4 IS NULL OR run = ?4)
      AND (?5 IS NULL OR kind IN (SELECT value FROM json_each(?5)))
    ORDER BY seq ${query.after === undefined ? 'DESC' : 'ASC'}`;
  const kinds = query.kinds === undefined ? null : JSON.stringify(query.kinds);
  return connection.iterate<EntryRow>(sql, num, part.first, part.last, query.run ?? null, kinds);
}

interface Piece {
  seq: number;
  size: number;
  text: () => string;
}

/** The rows of a part, and without a filter also a stand-in for each seq that has no row. */
function* piecesOf(
  connection: Connection,
  num: number,
  part: Range,
  query: HistoryQuery,
): Generator<Piece> {
  const step = query.after === undefined ? -1 : 1;
  const dense = query.kinds === undefined && query.run === undefined;
  const missing = (seq: number): Piece => ({ seq, size: 0, text: () => missingEntry(seq) });
  let expected = step === 1 ? part.first : part.last;
  for (const row of rowsOf(connection, num, part, query)) {
    // On a damaged page rows can lie where they do not belong: then their own seq is told as missing.
    if (row.session !== num || (row.seq - expected) * step < 0) continue;
    if (row.seq < part.first || row.seq > part.last) continue;
    for (; dense && expected !== row.seq; expected += step) yield missing(expected);
    expected = row.seq + step;
    yield { seq: row.seq, size: row.data.length, text: () => entryText(row) };
  }
  for (; dense && expected >= part.first && expected <= part.last; expected += step)
    yield missing(expected);
}

const nothing: HistoryTextPage = { entries: [], next: null, ended: 'end', head: null, lastSeq: 0 };

/** A page of the log as JSON texts. Reads rows one by one and stops at the first that has no room. */
export function readHistory(connection: Connection, query: HistoryQuery): HistoryTextPage {
  const log = readLog(connection, query.session);
  if (log === undefined) return nothing;
  const { head, lastSeq, num } = log;
  const page = new Page(query);
  const range = rangeOf(connection, num, lastSeq, query);
  for (const part of partsOf(connection, num, range, query)) {
    if (part.first > part.last) continue;
    for (const piece of piecesOf(connection, num, part, query)) {
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
