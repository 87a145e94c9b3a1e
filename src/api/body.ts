import type { IncomingMessage } from 'node:http';
import { checkBounds, checkValues, parseJson } from './bounded-json.ts';
import { HttpRefusal } from './answer.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';

const jsonType = /^application\/json *(?:; *charset *= *"?utf-8"? *)?$/i;

/** The JSON value in a request's body, read up to a limit. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  checkHeaders(request, maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // The connection is still needed, for the refusal.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (!request.destroyed || error instanceof RefusalError) throw error;
    throw refuse('invalid', 'The body ended before it was whole.');
  }
  const text = utf8(Buffer.concat(chunks));
  checkBounds(text);
  const value = parseJson(text);
  checkValues(value);
  return value;
}

/** A form or a plain text can be posted by any page without asking; JSON cannot. */
function checkHeaders({ headers }: IncomingMessage, maxBytes: number): void {
  if (!jsonType.test(headers['content-type'] ?? '')) {
    throw new HttpRefusal(415, {
      code: 'invalid',
      message: 'Send the input as JSON, with Content-Type: application/json.',
      field: 'content-type',
    });
  }
  if (headers['content-encoding'] !== undefined) {
    throw new HttpRefusal(415, {
      code: 'invalid',
      message: 'Send the body without a content encoding.',
      field: 'content-encoding',
    });
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/** The connection ends with the answer: what is still under way of the body is not read. */
function tooLarge(maxBytes: number): RefusalError {
  const message = `A body may have at most ${maxBytes} bytes.`;
  return new HttpRefusal(413, { code: 'too_large', message }, { connection: 'close' });
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refuse('invalid', 'The body is no UTF-8 text.');
  }
}
