import type { IncomingMessage } from 'node:http';
import { limits } from '../../domain/limits.ts';
import { refuse, type RefusalError } from '../../domain/refusal.ts';
import type { AppendLinesAnswer } from '../../engine/session-ops.ts';
import { HttpRefusal } from '../answer.ts';
import type { Caller } from '../caller.ts';
import type { Calls } from '../calls.ts';
import type { NodePair } from '../node-pair.ts';
import { chunksOf } from '../upload.ts';
import type { Held } from './held.ts';

const jsonType = /^application\/json *(?:; *charset *= *"?utf-8"? *)?$/i;

/** An entry that is to be stored, and by whom. */
export interface Put {
  session: string;
  format: string;
  caller: Caller;
}

/** Stores one entry; the first one makes the session. */
export async function putEntry(
  { incoming, untimed }: NodePair,
  { calls, held }: { calls: Calls; held: Held },
  { session, format, caller }: Put,
): Promise<AppendLinesAnswer> {
  checkHeaders(incoming);
  // A large one takes its time; one that stops coming is let go of.
  if (Number(incoming.headers['content-length'] ?? Infinity) > limits.bodyBytes) untimed();
  const body = await bodyOf(incoming, { calls, held }, limits.ingressBytes);
  try {
    const { epoch, by } = caller;
    const input = {
      format,
      lines: [{ text: body.bytes }],
      expect: { head: lastUuid(incoming) },
      ...(epoch === null ? {} : { epoch }),
    };
    return await calls.options.engine.logs.appendLines(session, input, by);
  } finally {
    body.letGo();
  }
}

/** The head that the writer knows; it leaves the header out where it knows none. */
export function lastUuid({ headers }: IncomingMessage): string | null {
  const given = headers['last-uuid'];
  const text = Array.isArray(given) ? given.join(', ') : given;
  return text === undefined || text === '' ? null : text;
}

function checkHeaders({ headers }: IncomingMessage): void {
  if (!jsonType.test(headers['content-type'] ?? '')) {
    const message = 'Send the entry as JSON, with Content-Type: application/json.';
    throw new HttpRefusal(415, { code: 'invalid', message, field: 'content-type' });
  }
  if (headers['content-encoding'] !== undefined) {
    const message = 'Send the entry without a content encoding.';
    throw new HttpRefusal(415, { code: 'invalid', message, field: 'content-encoding' });
  }
  if (Number(headers['content-length'] ?? 0) > limits.ingressBytes)
    throw tooLarge(limits.ingressBytes);
}

/** A body of at most so many bytes; they count as held until it is let go. */
export async function bodyOf(
  incoming: IncomingMessage,
  { calls, held }: { calls: Calls; held: Held },
  most: number,
): Promise<{ bytes: Uint8Array; letGo: () => void }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const letGo = (): void => held.give(size);
  try {
    for await (const chunk of chunksOf(incoming, calls)) {
      if (!held.take(chunk.byteLength)) throw tooMuch();
      size += chunk.byteLength;
      if (size > most) throw tooLarge(most);
      chunks.push(chunk);
    }
    return { bytes: Buffer.concat(chunks, size), letGo };
  } catch (error) {
    letGo();
    throw error;
  }
}

/** The connection ends with the answer: what is still under way of the body is not read. */
function tooLarge(most: number): RefusalError {
  const message = `What is sent at once may have at most ${most} bytes.`;
  return new HttpRefusal(413, { code: 'too_large', message }, { connection: 'close' });
}

function tooMuch(): RefusalError {
  const { refusal } = refuse('busy', 'Too much comes in at the same time: try again.');
  return new HttpRefusal(503, refusal, { connection: 'close' });
}
