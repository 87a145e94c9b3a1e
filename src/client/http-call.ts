import { isObject, type Json } from '../domain/json.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { OperationName } from '../protocol/operations.ts';
import { reasonOf } from './pace.ts';
import { readRefusal, unavailable } from './refusal.ts';

/** The part of `fetch` that the client needs. */
export type FetchLike = (
  url: string,
  request: {
    method: 'GET' | 'POST' | 'PUT';
    headers: Record<string, string>;
    body?: string | Blob | ReadableStream<Uint8Array>;
    /** Of a body that is a stream. */
    duplex?: 'half';
    redirect?: 'error';
    signal: AbortSignal;
  },
) => Promise<{
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
  /** The answer as it comes, for who does not want its text. */
  body: ReadableStream<Uint8Array> | null;
}>;

export interface HttpTarget {
  /** Without a slash at its end. */
  url(): Promise<string>;
  fetch: FetchLike;
  token(): Promise<string>;
  name: string | undefined;
}

export interface HttpTry {
  operation: OperationName;
  input: object;
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

/** The header by which a client names itself. */
export const clientHeader = 'x-turnkeep-client';

/**
 * One attempt of `POST /v1/{operation}`. Answers the output, or throws a `RefusalError`: the server's own,
 * or `unavailable` where no answer came. A wish of the server to wait is in `refusal.data.retryAfter`, in
 * seconds.
 */
export async function callOverHttp(target: HttpTarget, attempt: HttpTry): Promise<unknown> {
  const { operation, input, signal } = attempt;
  const deadline = AbortSignal.timeout(attempt.timeoutMs);
  const token = await target.token();
  const url = await target.url();
  try {
    const answer = await target.fetch(`${url}/v1/${operation}`, {
      method: 'POST',
      headers: headersOf(target, token, 'application/json'),
      body: JSON.stringify(input),
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    });
    const body = readJson(await answer.text());
    if (answer.status >= 200 && answer.status < 300) return body;
    throw refusalOf(answer.status, body, answer.headers.get('retry-after'));
  } catch (error) {
    if (error instanceof RefusalError) throw error;
    if (signal?.aborted === true) throw reasonOf(signal);
    const why = deadline.aborted
      ? `No answer in ${attempt.timeoutMs} ms from`
      : 'Nobody answers at';
    throw unavailable(`${why} ${url}.`, error);
  }
}

export function headersOf(
  { name }: HttpTarget,
  token: string,
  type: string,
): Record<string, string> {
  return {
    'content-type': type,
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(name === undefined ? {} : { [clientHeader]: name }),
  };
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unavailable(
      `The answer is no JSON, so it is not from Turnkeep: ${text.slice(0, 80)}`,
      error,
    );
  }
}

/** What the server refused, from an answer that is none of success. */
export function refusalOf(status: number, body: unknown, retryAfter: string | null): RefusalError {
  const code = status >= 500 ? 'unavailable' : 'internal';
  const refusal = readRefusal(isObject(body) ? (body['error'] as Json) : null, code);
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  if (!Number.isFinite(seconds) || seconds < 0) return new RefusalError(refusal);
  const data = { retryAfter: seconds, ...refusal.data };
  return new RefusalError({ ...refusal, data });
}
