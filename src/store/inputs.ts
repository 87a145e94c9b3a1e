import { refuse } from '../domain/refusal.ts';
import type { SentMark } from '../ports/raw.ts';
import type { HostInput } from '../ports/store.ts';
import type { Connection } from './connection.ts';
import { hostFacts } from './hosts.ts';
import { inputSeal } from './seal.ts';

interface StoredInput {
  offset: number;
  seal: number;
  bytes: Uint8Array;
}

/** Appends bytes to a host's input; what is stored already is left as it is. */
export function writeInput(connection: Connection, input: HostInput): void {
  const host = hostFacts(connection, input.host);
  if (host === undefined || input.offset !== host.inputEnd || input.bytes.byteLength === 0) return;
  connection.run(
    `INSERT INTO host_inputs (host, offset, at, seq, output, run, entry, seal, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    input.host,
    input.offset,
    input.at,
    input.seq,
    input.output,
    input.run,
    input.entry,
    inputSeal(input.offset, input.bytes),
    input.bytes,
  );
  const end = input.offset + input.bytes.byteLength;
  connection.run('UPDATE hosts SET input_end = ? WHERE num = ?', end, host.num);
}

/** Stored pieces from the one that holds `offset` on, each verified. */
function* pieces(connection: Connection, host: string, offset: number): Generator<Uint8Array> {
  const rows = connection.iterate<StoredInput>(
    `SELECT offset, seal & 4294967295 AS seal, bytes FROM host_inputs WHERE host = ?1 AND offset >= coalesce(
       (SELECT max(offset) FROM host_inputs WHERE host = ?1 AND offset <= ?2), 0) ORDER BY offset`,
    host,
    offset,
  );
  let at: number | undefined;
  for (const row of rows) {
    const torn = at === undefined ? row.offset > offset : row.offset !== at;
    if (torn || row.seal !== inputSeal(row.offset, row.bytes)) {
      throw refuse('internal', `Stored input of a host is damaged at byte ${row.offset}.`);
    }
    at = row.offset + row.bytes.byteLength;
    yield row.bytes.subarray(Math.max(0, offset - row.offset));
  }
}

/** The bytes from `offset` on, at most `maxBytes`; empty at the end. */
export function readInputs(
  connection: Connection,
  host: string,
  offset: number,
  maxBytes: number,
): Uint8Array {
  const facts = hostFacts(connection, host);
  if (facts === undefined || offset >= facts.inputEnd) return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const piece of pieces(connection, host, offset)) {
    const part = piece.subarray(0, maxBytes - size);
    parts.push(part);
    size += part.byteLength;
    if (size >= maxBytes) break;
  }
  // A copy of its own, so that only these bytes travel to the other thread.
  return Uint8Array.from(Buffer.concat(parts, size));
}

export function sameInput(connection: Connection, input: HostInput): boolean {
  const stored = readInputs(connection, input.host, input.offset, input.bytes.byteLength);
  return Buffer.compare(stored, input.bytes) === 0;
}

/** When and why the input was stored, from the piece that holds `offset` on. */
export function readMarks(
  connection: Connection,
  host: string,
  offset: number,
  limit: number,
): SentMark[] {
  return connection.all<SentMark>(
    `SELECT offset, length(bytes) AS size, at, seq, output, run, entry
     FROM host_inputs WHERE host = ?1 AND offset >= coalesce(
       (SELECT max(offset) FROM host_inputs WHERE host = ?1 AND offset <= ?2), 0)
     ORDER BY offset LIMIT ?3`,
    host,
    offset,
    limit,
  );
}
