import type { ClientOptions } from './client.ts';
import { RefusalError } from '../domain/refusal.ts';
import { clientHeader } from './http-call.ts';
import { readRefusal, unavailable } from './refusal.ts';
import type { MakeSocket, WebSocketLike } from './socket.ts';

/** The header that carries a page's half of a login. */
const pageHeader = 'x-turnkeep-page';

/**
 * How a page of the daemon asks: with its half of the login, to which the browser adds the other one, a
 * cookie. To be spread into the options of `createClient`.
 */
export function pageAccess(page: string): Pick<ClientOptions, 'token' | 'WebSocket' | 'fetch'> {
  return {
    token: '',
    WebSocket: pageSocket(page),
    fetch: (url, request) =>
      fetch(url, { ...request, headers: { ...request.headers, [pageHeader]: page } }),
  };
}

/** The page's half of a login, for the one-time code of a link; null where the code is not taken. */
export async function redeemCode(origin: string, code: string): Promise<string | null> {
  const answer = await fetch(`${origin}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [clientHeader]: 'console' },
    body: JSON.stringify({ code }),
  });
  if (!answer.ok) return null;
  const { page } = (await answer.json()) as { page: string };
  return page;
}

/**
 * Logs the page's browser out: its login ends at the daemon, and its cookie is taken away. One that has
 * ended before is no failure; else throws the refusal, `unavailable` where nobody answered.
 */
export async function endLogin(origin: string, page: string): Promise<void> {
  const answer = await fetch(`${origin}/logout`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [pageHeader]: page, [clientHeader]: 'console' },
    body: '{}',
  }).catch((error: unknown) => {
    throw unavailable('The daemon did not answer: this browser is still logged in.', error);
  });
  if (answer.ok || answer.status === 401) return;
  const { error } = (await answer.json()) as { error?: unknown };
  throw new RefusalError(readRefusal(error));
}

/** Open only once the server knows who it is: `hello` is the first message, its answer the first that comes. */
function pageSocket(page: string): MakeSocket {
  return (url, { name }) => {
    const socket = new WebSocket(url);
    const like: WebSocketLike = {
      send: (text) => socket.send(text),
      close: (code, reason) => socket.close(code, reason),
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
    };
    let greeted = false;
    socket.onopen = () => {
      const params = { page, ...(name === undefined ? {} : { client: name }) };
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'hello', params }));
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (greeted) return like.onmessage?.({ data });
      greeted = true;
      like.onopen?.(undefined as never);
    };
    socket.onclose = ({ code, reason }) => like.onclose?.({ code, reason });
    socket.onerror = () => like.onerror?.(undefined as never);
    return like;
  };
}
