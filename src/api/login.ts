import { isObject } from '../domain/json.ts';
import { refuse } from '../domain/refusal.ts';
import type { LoginHalves } from '../ports/console.ts';
import { readBody } from './body.ts';
import type { Calls } from './calls.ts';
import { type HttpAnswer, jsonAnswer } from './http-answer.ts';
import type { NodePair } from './node-pair.ts';
import type { Credentials } from './tokens.ts';
import type { IncomingMessage } from 'node:http';

/** The header that carries the page's half of a login. */
const pageHeader = 'x-turnkeep-page';
/** A code and what stands around it: nobody is known yet who could send more. */
const codeBytes = 4096;
/** As long as a login can live without being used. */
const cookieSeconds = 30 * 86_400;

/** `POST /login {code}`: one half of the login is the answer, the other one a cookie. */
export async function answerLogin(
  { incoming }: Pick<NodePair, 'incoming'>,
  calls: Calls,
): Promise<HttpAnswer> {
  const { origin } = incoming.headers;
  // Browsers always name it here: the cookie is for them alone.
  if (origin === undefined) throw refuse('forbidden', 'Only pages of this daemon log in here.');
  const body = await readBody(incoming, codeBytes);
  const code = isObject(body) ? body['code'] : undefined;
  if (typeof code !== 'string') {
    throw refuse('invalid', 'Give the code of the link.', { field: 'code' });
  }
  const halves = await calls.tokens.logIn(code, {
    address: incoming.socket.remoteAddress ?? 'unix',
    browser: incoming.headers['user-agent'],
  });
  const cookie = cookieText(origin, halves.cookie, cookieSeconds);
  return withCookie(JSON.stringify({ page: halves.page }), cookie);
}

/** `POST /login/renew {}`: the cookie of the login that asks ends as late as that of one that is made now. */
export async function answerRenewal(
  { incoming }: Pick<NodePair, 'incoming'>,
  calls: Calls,
  credentials: Credentials,
): Promise<HttpAnswer> {
  const { origin } = await browserOf(incoming, calls, credentials);
  await readBody(incoming, codeBytes);
  const { cookie } = credentials.login;
  // A login that was found has both halves.
  if (cookie === undefined) throw refuse('unauthenticated', 'There is no login here.');
  return withCookie('{}', cookieText(origin, cookie, cookieSeconds));
}

/** `POST /logout {}`: ends the login that asks, whatever it may do besides, and takes its cookie away. */
export async function answerLogout(
  { incoming }: Pick<NodePair, 'incoming'>,
  calls: Calls,
  credentials: Credentials,
): Promise<HttpAnswer> {
  const { token, origin } = await browserOf(incoming, calls, credentials);
  await readBody(incoming, codeBytes);
  const { store, clock } = calls.options;
  await store.tokens.revoke(token, new Date(clock.now()).toISOString());
  calls.revoked(token);
  return withCookie('{}', cookieText(origin, '', 0));
}

/** The login that a browser shows, and the origin of the page. */
async function browserOf(
  { headers: { origin } }: IncomingMessage,
  calls: Calls,
  credentials: Credentials,
): Promise<{ token: string; origin: string }> {
  const { token } = await calls.tokens.authenticate(credentials);
  if (origin === undefined || credentials.authorization !== undefined) {
    throw refuse(
      'forbidden',
      'This is for logins of browsers; tokens.revoke ends any other token.',
    );
  }
  return { token, origin };
}

function withCookie(body: string, cookie: string): HttpAnswer {
  const answer = jsonAnswer(body);
  return { ...answer, headers: { ...answer.headers, 'set-cookie': cookie } };
}

/** What a browser shows of itself: its cookie, and the page's half where the request could carry it. */
export function loginOf({ headers }: IncomingMessage): Partial<LoginHalves> {
  const { origin, cookie: cookies } = headers;
  if (origin === undefined || cookies === undefined) return {};
  const page = headers[pageHeader];
  const cookie = readCookie(cookies, cookieName(origin));
  return {
    ...(cookie === undefined ? {} : { cookie }),
    ...(typeof page === 'string' ? { page } : {}),
  };
}

/** Cookies know no ports: two daemons of one host must not take each other's. */
function cookieName(origin: string): string {
  const { protocol, port } = new URL(origin);
  return protocol === 'https:' ? `__Host-turnkeep-${port || 443}` : `turnkeep-${port || 80}`;
}

function cookieText(origin: string, value: string, seconds: number): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(origin)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

function readCookie(cookies: string, name: string): string | undefined {
  const pairs = cookies.split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
