import { isObject } from '../domain/json.ts';
import { type Refusal, refusalCodes, type RefusalCode, RefusalError } from '../domain/refusal.ts';

/** A refusal that the client makes itself, because nobody answered. */
export function unavailable(message: string, cause?: unknown): RefusalError {
  const error = new RefusalError({ code: 'unavailable', message });
  if (cause !== undefined) error.cause = cause;
  return error;
}

/** A refusal out of what came over the wire; `internal` for what is none. */
export function readRefusal(error: unknown, fallback: RefusalCode = 'internal'): Refusal {
  if (!isObject(error)) return { code: fallback, message: 'The server answered without a reason.' };
  const { code, message, field, data } = error;
  return {
    code: isCode(code) ? code : fallback,
    message: typeof message === 'string' ? message : 'The server answered without a reason.',
    ...(typeof field === 'string' ? { field } : {}),
    ...(isObject(data) ? { data } : {}),
  };
}

/** A JSON-RPC error: the refusal's code stands in `data.code`, with its field and data beside it. */
export function readRpcError(error: unknown): Refusal {
  if (!isObject(error) || !isObject(error['data'])) return readRefusal(error);
  return readRefusal({ ...error['data'], message: error['message'] ?? null });
}

/** Whether the same call may succeed a little later. */
export function isPassing(code: RefusalCode): boolean {
  return code === 'unavailable' || code === 'busy' || code === 'limited';
}

/** Milliseconds that the server asks to wait, from a refusal's data; 0 where it says nothing. */
export function waitAsked(refusal: Refusal): number {
  const seconds = refusal.data?.['retryAfter'];
  return typeof seconds === 'number' ? seconds * 1000 : 0;
}

function isCode(code: unknown): code is RefusalCode {
  return (refusalCodes as readonly unknown[]).includes(code);
}
