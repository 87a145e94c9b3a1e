import { request } from 'node:http';
import type { FetchLike } from '../http-call.ts';

/** `fetch` over a Unix socket. */
export function unixFetch(socketPath: string): FetchLike {
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url);
      const path = `${pathname}${search}`;
      const sent = request({ socketPath, path, method, headers, signal }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({
            status: answer.statusCode ?? 0,
            headers: { get: (name) => header(answer.headers[name.toLowerCase()]) },
            text: () => Promise.resolve(text),
          });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
}

function header(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
