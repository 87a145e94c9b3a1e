import {
  contentText,
  digestText,
  type By,
  type Entry,
  type EntryKind,
  type NewEntry,
} from '../domain/entry.ts';
import type { Connection } from './connection.ts';
import { entrySeal, sha256 } from './seal.ts';
import type { WireEntry } from './wire.ts';

/** A stored entry. `session` is the session's row number. */
export interface EntryRow {
  session: number;
  seq: number;
  id: string;
  kind: string;
  node: number;
  parent: string | null;
  run: string | null;
  at: string;
  by: string;
  parent_call: string | null;
  about: string | null;
  digest: string;
  seal: number;
  data: Uint8Array;
}

export const entryColumns =
  'session, seq, id, kind, node & 1 AS node, parent, run, at, by, ' +
  'parent_call, about, digest, seal & 4294967295 AS seal, data';

const insertEntry = `INSERT INTO entries
  (session, seq, id, kind, node, parent, run, at, by, parent_call, about, digest, seal, data)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`;

export function writeEntry(
  connection: Connection,
  session: number,
  seq: number,
  entry: WireEntry,
): void {
  connection.run(
    insertEntry,
    session,
    seq,
    entry.id,
    entry.kind,
    entry.node ? 1 : 0,
    entry.parent,
    entry.run,
    entry.at,
    entry.by,
    entry.parentCall,
    entry.about,
    entry.digest,
    entrySeal(session, seq, entry.at, entry.digest),
    Buffer.from(entry.data),
  );
}

export function entryById(
  connection: Connection,
  session: number,
  id: string,
): EntryRow | undefined {
  const sql = `SELECT ${entryColumns} FROM entries WHERE id = ? AND session = ?`;
  return connection.get<EntryRow>(sql, id, session);
}

export function entryAt(
  connection: Connection,
  session: number,
  seq: number,
): EntryRow | undefined {
  const sql = `SELECT ${entryColumns} FROM entries WHERE session = ? AND seq = ?`;
  return connection.get<EntryRow>(sql, session, seq);
}

/** Whether a stored entry says what a repeated one says: kind, about and data, in any key order. */
export function sameContent(row: EntryRow, entry: WireEntry): boolean {
  if (row.digest === entry.digest) return true;
  if (row.kind !== entry.kind || row.about !== entry.about) return false;
  const stored = bytesOf(row).toString();
  if (stored === entry.data) return true;
  const content = (data: string): string =>
    contentText({ kind: entry.kind, data: JSON.parse(data) as unknown });
  try {
    return content(stored) === content(entry.data);
  } catch (error) {
    // Damaged bytes say nothing that a retry could match.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Damage can turn the column into any type. */
function bytesOf(row: EntryRow): Buffer {
  const data: unknown = row.data;
  if (typeof data === 'string') return Buffer.from(data);
  return data instanceof Uint8Array
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.alloc(0);
}

/** The entry as its columns tell it; throws where the stored JSON is broken. */
function parse(row: EntryRow, data: string): NewEntry {
  return {
    id: row.id,
    kind: row.kind as EntryKind,
    at: row.at,
    by: JSON.parse(row.by) as By,
    ...(row.node === 1 ? { parentId: row.parent } : {}),
    ...(row.run === null ? {} : { runId: row.run }),
    ...(row.parent_call === null ? {} : { parentCall: JSON.parse(row.parent_call) as string }),
    ...(row.about === null ? {} : { about: row.about }),
    data: JSON.parse(data) as never,
  } as NewEntry;
}

/** The data's text when everything stored about the entry is as it was written. */
export function intactData(row: EntryRow): string | undefined {
  if (row.seal !== entrySeal(row.session, row.seq, row.at, row.digest)) return undefined;
  const data = bytesOf(row).toString();
  try {
    return sha256(digestText(parse(row, data))) === row.digest ? data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** How much of damaged bytes is shown. */
const rawBytes = 65_536;

/** What stands in the log where the stored entry cannot be believed (L8). */
function stand(
  seq: number,
  id: string,
  fields: { at: string; reason: string; raw: string },
): Entry {
  const entry: NewEntry = {
    id,
    kind: 'unrecognized',
    at: fields.at,
    by: { type: 'server' },
    data: { reason: fields.reason, raw: fields.raw, count: 1 },
  };
  return { seq, ...entry, digest: sha256(digestText(entry)) };
}

/** Stands for an entry whose row is gone, so that a page never hides a break in the log. */
export function missingEntry(seq: number): string {
  return JSON.stringify(stand(seq, `missing-${seq}`, { at: '', reason: 'missing', raw: '' }));
}

/**
 * The entry's JSON text, verified. The data is the stored text itself, not written again; a row whose
 * digest or seal is wrong comes back as an `unrecognized` entry at its seq.
 */
export function entryText(row: EntryRow): string {
  const data = intactData(row);
  if (data === undefined) {
    const raw = bytesOf(row).subarray(0, rawBytes).toString();
    return JSON.stringify(
      stand(row.seq, String(row.id), { at: String(row.at), reason: 'digest', raw }),
    );
  }
  const optional = (name: string, json: string | null): string =>
    json === null ? '' : `"${name}":${json},`;
  const quoted = (text: string | null): string | null => (text === null ? null : `"${text}"`);
  return (
    `{"seq":${row.seq},"id":"${row.id}",` +
    (row.node === 1 ? `"parentId":${quoted(row.parent) ?? 'null'},` : '') +
    optional('runId', quoted(row.run)) +
    `"at":${JSON.stringify(row.at)},"kind":"${row.kind}","by":${row.by},` +
    optional('parentCall', row.parent_call) +
    optional('about', quoted(row.about)) +
    `"data":${data},"digest":"${row.digest}"}`
  );
}
