import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import type { FetchLike } from '../http-call.ts';

/** `fetch` over a Unix socket. */
export function unixFetch(socketPath: string): FetchLike {
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url);
      const path = `${pathname}${search}`;
      const sent = request({ socketPath, path, method, headers, signal }, (answer) => {
        resolve({
          status: answer.statusCode ?? 0,
          headers: { get: (name) => header(answer.headers[name.toLowerCase()]) },
          text: () => textOf(answer),
          get body() {
            return Readable.toWeb(answer) as ReadableStream<Uint8Array>;
          },
        });
      });
      sent.on('error', reject);
      if (body === undefined || typeof body === 'string') sent.end(body);
      else {
        const stream = body instanceof Blob ? body.stream() : body;
        pipeline(Readable.fromWeb(stream as NodeStream), sent).catch(reject);
      }
    });
}

async function textOf(answer: Readable): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) text += chunk as string;
  return text;
}

function header(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
