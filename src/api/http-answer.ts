import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Refusal } from '../domain/refusal.ts';
import { httpStatus } from '../protocol/error.ts';

/**
 * On every answer: nothing here is a page, is stored by a cache, or is guessed to be another type.
 */
export const securityHeaders: { readonly [name: string]: string } = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};

export interface HttpAnswer {
  status: number;
  headers: { readonly [name: string]: string };
  body: string;
}

export function jsonAnswer(body: string): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

/**
 * `{error: {code, message, field?, data?}}` with the status of the code, or a better one of HTTP.
 */
export function refusalAnswer(
  refusal: Refusal,
  http: { status?: number; headers?: { readonly [name: string]: string } } = {},
): HttpAnswer {
  const retryAfter = refusal.data?.['retryAfter'];
  return {
    status: http.status ?? httpStatus[refusal.code],
    headers: {
      'content-type': 'application/json',
      ...(typeof retryAfter === 'number' ? { 'retry-after': String(Math.ceil(retryAfter)) } : {}),
      ...(refusal.code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}),
      ...http.headers,
    },
    body: JSON.stringify({ error: refusal }),
  };
}

export function writeAnswer(outgoing: ServerResponse, answer: HttpAnswer): void {
  outgoing.writeHead(answer.status, answer.headers);
  outgoing.end(answer.body);
}

/** Where there is no response object: a failed upgrade, or bytes that are no HTTP. */
export function writeRawAnswer(socket: Duplex, answer: HttpAnswer): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(rawAnswer(answer), () => socket.destroy());
}

/** An answer as bytes, after which the connection ends. */
export function rawAnswer({ status, headers, body }: HttpAnswer): string {
  const all = {
    ...securityHeaders,
    ...headers,
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n`;
  return `${head}${lines.join('')}\r\n${body}`;
}
