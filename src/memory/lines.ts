import { open, type FileHandle } from 'node:fs/promises';
import { isObject, type JsonObject } from '../domain/json.ts';

const pieceBytes = 256 * 1024;
const lineEnd = 0x0a;

/** A line of a file, with what it says where it is a JSON object. */
export interface FileLine {
  text: string;
  json: JsonObject | null;
}

/** The lines of a file, a piece at a time. Only LF ends a line: texts in JSON may hold all other breaks. */
export async function* linesOf(path: string): AsyncGenerator<FileLine> {
  const handle = await open(path, 'r');
  try {
    yield* linesIn(handle);
  } finally {
    await handle.close();
  }
}

async function* linesIn(handle: FileHandle): AsyncGenerator<FileLine> {
  const piece = Buffer.allocUnsafe(pieceBytes);
  let begun: Buffer[] = [];
  for (;;) {
    const { bytesRead } = await handle.read(piece, 0, pieceBytes, null);
    if (bytesRead === 0) break;
    let from = 0;
    for (let to = piece.indexOf(lineEnd); to >= 0 && to < bytesRead;) {
      yield lineOf(Buffer.concat([...begun, piece.subarray(from, to)]));
      begun = [];
      from = to + 1;
      to = piece.indexOf(lineEnd, from);
    }
    if (from < bytesRead) begun.push(Buffer.from(piece.subarray(from, bytesRead)));
  }
  if (begun.length > 0) yield lineOf(Buffer.concat(begun));
}

function lineOf(bytes: Buffer): FileLine {
  const text = bytes.toString('utf8');
  return { text, json: objectOf(text) };
}

/** What a line says; null where it is no JSON object. */
export function objectOf(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as unknown;
    return isObject(value) ? value : null;
  } catch {
    // Cut off, or somebody else's: it says nothing of the conversation.
    return null;
  }
}
