import type { ClientOptions } from './client.ts';
import type { RefusalError } from '../domain/refusal.ts';
import { clientHeader, readJson, refusalOf } from './http-call.ts';
import { unavailable } from './refusal.ts';
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

/**
 * The page's half of a login, for the one-time code of a link. Throws the refusal: `unauthenticated` where the
 * code is not taken, `unavailable` where nobody answered.
 */
export async function redeemCode(origin: string, code: string): Promise<string> {
  const answer = await post(`${origin}/login`, { body: { code } });
  if (!answer.ok) throw await refused(answer);
  const { page } = (await answer.json()) as { page: string };
  return page;
}

/**
 * Lets the browser keep its half of the login, the cookie, for as long as a login lives that is used today;
 * to be asked for now and then. Throws the refusal.
 */
export async function renewLogin(origin: string, page: string): Promise<void> {
  const answer = await post(`${origin}/login/renew`, { page });
  if (!answer.ok) throw await refused(answer);
}

/**
 * Logs the page's browser out: its login ends at the daemon, and its cookie is taken away. One that has
 * ended before is no failure; else throws the refusal, `unavailable` where nobody answered.
 */
export async function endLogin(origin: string, page: string): Promise<void> {
  const answer = await post(`${origin}/logout`, { page, so: 'this browser is still logged in' });
  if (!answer.ok && answer.status !== 401) throw await refused(answer);
}

interface Posted {
  page?: string;
  body?: object;
  /** What follows where nobody answers. */
  so?: string;
}

function post(url: string, { page, body = {}, so }: Posted): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [clientHeader]: 'console',
      ...(page === undefined ? {} : { [pageHeader]: page }),
    },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    const message = 'The daemon did not answer';
    throw unavailable(so === undefined ? `${message}.` : `${message}: ${so}.`, error);
  });
}

async function refused(answer: Response): Promise<RefusalError> {
  const body = readJson(await answer.text());
  return refusalOf(answer.status, body, answer.headers.get('retry-after'));
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
