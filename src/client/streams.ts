import { RefusalError } from '../domain/refusal.ts';
import type { InputOf, OutputOf } from '../protocol/operations.ts';
import { headersOf, type HttpTarget, readJson, refusalOf } from './http-call.ts';
import { reasonOf } from './pace.ts';
import { unavailable } from './refusal.ts';

/** The bytes of a file. Browsers send only what is whole, such as a `File`, and no stream. */
export type LogSource = Blob | string | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export interface StreamOptions {
  signal?: AbortSignal;
}

/** The operations that are streams. They are made once: what was broken off is begun anew by the caller. */
export interface StreamCalls {
  /**
   * The log of a session as the bytes of a file. Its last line says that it is whole; a stream that fails
   * was broken off.
   */
  export(
    input: InputOf<'sessions.export'>,
    options?: StreamOptions,
  ): Promise<ReadableStream<Uint8Array>>;
  /** Takes a file. What was stored before a failure stays, and the same file again goes on from there. */
  import(
    source: LogSource,
    input?: InputOf<'sessions.import'>,
    options?: StreamOptions,
  ): Promise<OutputOf<'sessions.import'>>;
}

/** Bytes for a prompt to name, as an image that is too large to stand in it. */
export interface BlobCalls {
  put(
    source: LogSource,
    input?: InputOf<'blobs.put'>,
    options?: StreamOptions,
  ): Promise<OutputOf<'blobs.put'>>;
}

const neverAborted = new AbortController().signal;

export function streamCalls(target: HttpTarget): StreamCalls {
  return {
    export: async (input, { signal } = {}) => {
      const answer = await ask(target, 'sessions.export', {
        type: 'application/json',
        body: JSON.stringify(input),
        signal,
      });
      if (answer.body === null) throw unavailable('The answer has no body.');
      return answer.body;
    },
    import: async (source, input = {}, { signal } = {}) => {
      const query = new URLSearchParams(input as Record<string, string>);
      const answer = await ask(target, `sessions.import?${query.toString()}`, {
        type: 'application/x-ndjson',
        body: bodyOf(source),
        signal,
      });
      return readJson(await answer.text()) as OutputOf<'sessions.import'>;
    },
  };
}

export function blobCalls(target: HttpTarget): BlobCalls {
  return {
    put: async (source, input = {}, { signal } = {}) => {
      const query = new URLSearchParams(input as Record<string, string>);
      const answer = await ask(target, `blobs.put?${query.toString()}`, {
        type: 'application/octet-stream',
        body: bodyOf(source),
        signal,
      });
      return readJson(await answer.text()) as OutputOf<'blobs.put'>;
    },
  };
}

type Body = string | Blob | ReadableStream<Uint8Array>;

async function ask(
  target: HttpTarget,
  path: string,
  sent: { type: string; body: Body; signal: AbortSignal | undefined },
): ReturnType<HttpTarget['fetch']> {
  const { type, body, signal } = sent;
  const [token, url] = await Promise.all([target.token(), target.url()]);
  try {
    const answer = await target.fetch(`${url}/v1/${path}`, {
      method: 'POST',
      headers: headersOf(target, token, type),
      body,
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
      signal: signal ?? neverAborted,
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    const refused = readJson(await answer.text());
    throw refusalOf(answer.status, refused, answer.headers.get('retry-after'));
  } catch (error) {
    if (error instanceof RefusalError) throw error;
    if (signal?.aborted === true) throw reasonOf(signal);
    throw unavailable(`The connection to ${url} was lost.`, error);
  }
}

function bodyOf(source: LogSource): Body {
  if (typeof source === 'string' || source instanceof Blob) return source;
  return source instanceof ReadableStream ? source : streamOf(source);
}

/** As slow as it is read. */
function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return?.();
    },
  });
}
