import type { Refusal, RefusalCode } from '../../domain/refusal.ts';
import { httpStatus } from '../../protocol/error.ts';
import { HttpRefusal } from '../answer.ts';
import type { HttpAnswer } from '../http-answer.ts';

/** Seconds after which what is busy is asked again. */
const retryAfter = '1';

/**
 * A refusal as writers of transcripts understand it. They take a 409 for a head that has moved, and what its
 * `x-last-uuid` says for the new one (nothing for an empty log); 401 is the only answer that has them stop.
 */
export function ingressRefusal(refusal: Refusal, error: unknown): HttpAnswer {
  const { code, message } = refusal;
  const http = error instanceof HttpRefusal ? error : null;
  const status = http?.status ?? statusOf(refusal);
  const wait = refusal.data?.['retryAfter'];
  return {
    status,
    headers: {
      'content-type': 'application/json',
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(status === 409 ? { 'x-last-uuid': headOf(refusal) ?? '' } : {}),
      ...(status === 503 ? { 'retry-after': retryAfter } : {}),
      ...(typeof wait === 'number' ? { 'retry-after': String(Math.ceil(wait)) } : {}),
      ...http?.headers,
    },
    body: JSON.stringify({ error: { type: code, message } }),
  };
}

/** Those that mean something else to such clients than to others. */
const statuses: { readonly [Code in RefusalCode]?: number } = {
  // A writer that was replaced.
  fenced: 401,
  // Removed for good, and with it its name.
  id_reused: 404,
  already_decided: 503,
};

function statusOf(refusal: Refusal): number {
  const { code, field } = refusal;
  // Another conflict than about the head is over when it is asked again.
  if (code === 'conflict') return field === 'expect' ? 409 : 503;
  return statuses[code] ?? httpStatus[code];
}

function headOf({ data }: Refusal): string | null {
  const head = data?.['head'];
  return typeof head === 'string' ? head : null;
}
