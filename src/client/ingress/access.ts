import type { FetchLike } from '../http-call.ts';
import { clientHeader } from '../http-call.ts';
import { type Pace, reasonOf } from '../pace.ts';
import { Deadline } from './deadline.ts';
import type { OnEvent } from './event.ts';

/**
 * Asked at each attempt. `refused` is the token that the last attempt was refused with, null where it was
 * not; null as the answer: there is none.
 */
export type TokenSource = (about: { refused: string | null }) => Promise<string | null>;

/** Who keeps session logs, and how to ask it. */
export interface IngressAccess {
  /** Asked at each attempt; without a slash at its end. */
  url: () => Promise<string>;
  token: TokenSource;
  organization: string | null;
  name: string | null;
  fetch: FetchLike;
  pace: Pace;
  /** Of one attempt to its answer, and of a stream from one piece to the next. */
  timeoutMs: number;
  onEvent: OnEvent;
}

export interface Attempt {
  method: 'GET' | 'PUT' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  status: number;
  header(name: string): string | null;
  /** The pieces of its body; fails where one does not come in time. */
  pieces(): AsyncGenerator<Uint8Array, void, undefined>;
  /** All of it, or the first so many characters. */
  text(atMost: number): Promise<string>;
}

/** One attempt, without any other. Fails where no answer comes, or none in time; `signal` ends it. */
export async function attempt<Result>(
  access: IngressAccess,
  { token, signal, ...sent }: Attempt & { token: string; signal: AbortSignal },
  take: (answer: Answer) => Promise<Result>,
): Promise<Result> {
  const patience = new Deadline(access.pace, access.timeoutMs);
  const ended = AbortSignal.any([signal, patience.signal]);
  try {
    const answer = await access.fetch(`${await access.url()}${sent.path}`, {
      method: sent.method,
      headers: headersOf(access, token, sent),
      ...(sent.body === undefined ? {} : { body: sent.body }),
      // What is written must not go where somebody points.
      redirect: 'error',
      signal: ended,
    });
    patience.renew();
    return await take({
      status: answer.status,
      header: (name) => answer.headers.get(name),
      pieces: () => piecesOf(answer.body, patience, ended),
      text: (atMost) => textOf(piecesOf(answer.body, patience, ended), atMost),
    });
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal);
    throw patience.signal.aborted ? reasonOf(patience.signal) : error;
  } finally {
    patience.end();
  }
}

function headersOf(
  { organization, name }: IngressAccess,
  token: string,
  { headers = {}, body }: Attempt,
): Record<string, string> {
  return {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    authorization: `Bearer ${token}`,
    ...(organization === null ? {} : { 'x-organization-uuid': organization }),
    ...(name === null ? {} : { [clientHeader]: name }),
    ...headers,
  };
}

async function* piecesOf(
  body: ReadableStream<Uint8Array> | null,
  patience: Deadline,
  ended: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  const stop = (): void => void reader.cancel(reasonOf(ended)).catch(() => undefined);
  ended.addEventListener('abort', stop, { once: true });
  let whole = false;
  try {
    for (;;) {
      patience.renew();
      const { done, value } = await reader.read();
      // Waiting is for somebody else: whoever reads may take its time.
      patience.end();
      if (ended.aborted) throw reasonOf(ended);
      if (done) {
        whole = true;
        return;
      }
      yield value;
    }
  } finally {
    ended.removeEventListener('abort', stop);
    // A connection that nobody reads any more is given back.
    if (!whole) stop();
  }
}

async function textOf(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
  atMost: number,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of pieces) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > atMost) return text.slice(0, atMost);
  }
  return text + decoder.decode();
}
