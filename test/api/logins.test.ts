import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Harness, Rpc, useHarness } from './harness.ts';

const origin = 'https://console.example';
const day = 86_400_000;
const json = { 'content-type': 'application/json', origin };

async function codeOf(harness: Harness, input: object = {}): Promise<string> {
  const { json: made } = await harness.call('logins.create', input);
  return made.code as string;
}

/** What a browser has after the link was opened; null where it was not let in. */
async function logIn(harness: Harness, code: string, browser = 'a program') {
  const body = JSON.stringify({ code });
  const answer = await harness.ask({
    path: '/login',
    body,
    token: null,
    headers: { ...json, 'user-agent': browser },
  });
  if (answer.status !== 200) return { status: answer.status, cookie: '', page: '' };
  const [set = ''] = answer.headers['set-cookie'] ?? [];
  expect(set).toMatch(/; HttpOnly; SameSite=Strict; Secure$/);
  const { page } = JSON.parse(answer.text) as { page: string };
  return { status: 200, cookie: set.split(';')[0]!, page };
}

const halves = ({ cookie, page }: { cookie: string; page: string }) => ({
  origin,
  cookie,
  'x-turnkeep-page': page,
});

const asPage = (harness: Harness, headers: Record<string, string>, name = 'server.info') =>
  harness.call(name, {}, { token: null, headers });

async function pageSocket(harness: Harness, headers: Record<string, string>): Promise<Rpc> {
  const url = `${harness.listening.url.replace('http', 'ws')}/rpc`;
  const socket = new WebSocket(url, { headers });
  const rpc = new Rpc(socket);
  await once(socket, 'open');
  return rpc;
}

test('S1: a code of a link logs one browser in, once, with a token that nobody holds whole', async () => {
  const harness = await useHarness({ origins: [origin] });
  const code = await codeOf(harness);
  const login = await logIn(harness, code);
  expect((await asPage(harness, halves(login))).status).toBe(200);
  expect((await logIn(harness, code)).status).toBe(401);
  const [row] = (await harness.store.tokens.list()).filter(({ usedAt }) => usedAt);
  expect(row).toMatchObject({ scopes: ['view', 'drive', 'approve', 'manage'], sessions: null });
  const value = login.cookie.split('=')[1]!;
  expect(JSON.stringify(row)).not.toContain(value);
  expect(JSON.stringify(row)).not.toContain(login.page);
  // It administers nothing.
  expect((await asPage(harness, halves(login), 'tokens.list')).status).toBe(403);
});

test('S1: of many who give one code at once one is let in', async () => {
  const harness = await useHarness({ origins: [origin] });
  const code = await codeOf(harness);
  const all = await Promise.all(Array.from({ length: 8 }, () => logIn(harness, code)));
  expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
});

test('S1: a code dies after five wrong tries, and after ten minutes', async () => {
  const harness = await useHarness({ origins: [origin] });
  const guessed = await codeOf(harness);
  const name = guessed.split('.')[0]!;
  for (let n = 0; n < 4; n++) await logIn(harness, `${name}.${'A'.repeat(22)}`);
  const other = await codeOf(harness);
  await logIn(harness, `${name}.${'B'.repeat(22)}`);
  expect((await logIn(harness, guessed)).status).toBe(401);
  expect((await logIn(harness, other)).status).toBe(200);
  const late = await codeOf(harness);
  harness.clock.advance(10 * 60_000);
  expect((await logIn(harness, late)).status).toBe(401);
});

test('S1 S2: each half of a login is useless alone, and so are both without a page of the daemon', async () => {
  const harness = await useHarness({ origins: [origin] });
  const login = await logIn(harness, await codeOf(harness));
  const other = await logIn(harness, await codeOf(harness));
  const { cookie, page } = login;
  const wrong: Record<string, string>[] = [
    { origin, cookie },
    { origin, 'x-turnkeep-page': page },
    { cookie, 'x-turnkeep-page': page },
    halves({ cookie, page: other.page }),
    halves({ cookie: cookie.replace('-443=', '-444='), page }),
    { origin, authorization: `Bearer ${page}` },
  ];
  for (const headers of wrong) expect((await asPage(harness, headers)).status).toBe(401);
  const elsewhere = { ...halves(login), origin: 'https://evil.example' };
  expect((await asPage(harness, elsewhere)).status).toBe(403);
  expect((await asPage(harness, halves(login))).status).toBe(200);
});

test('S1 S2: a socket of a page is nobody until its first message is its half of the login', async () => {
  const harness = await useHarness({ origins: [origin] });
  const login = await logIn(harness, await codeOf(harness));
  const { cookie, page } = login;
  const rpc = await pageSocket(harness, { origin, cookie });
  expect((await rpc.request('hello', { page, client: 'console' })).result).toEqual({});
  expect((await rpc.request('server.info')).result).toMatchObject({ version: '1.2.3' });
  for (const [method, params] of [
    ['server.info', {}],
    ['hello', { page: 'x'.repeat(43) }],
    ['hello', {}],
  ] as const) {
    const refused = await pageSocket(harness, { origin, cookie });
    refused.socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    expect((await refused.ended()).code).toBe(4401);
    expect(refused.received).toEqual([]);
  }
  const silent = await pageSocket(harness, { origin, cookie });
  harness.clock.advance(5000);
  expect((await silent.ended()).code).toBe(4401);
  expect(await harness.refusedUpgrade({ origin })).toBe(401);
  expect(await harness.refusedUpgrade({ origin: 'https://evil.example', cookie })).toBe(403);
});

test('S1: nothing that comes before the answer to hello is heard', async () => {
  const harness = await useHarness({ origins: [origin] });
  const { cookie, page } = await logIn(harness, await codeOf(harness));
  const rpc = await pageSocket(harness, { origin, cookie });
  const frame = (id: number, method: string, params: object) =>
    rpc.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  frame(1, 'hello', { page: 'x'.repeat(43) });
  frame(2, 'server.info', {});
  frame(3, 'hello', { page });
  expect((await rpc.ended()).code).toBe(4401);
  expect(rpc.received).toEqual([]);
});

test('S1: a login lives on while it is used, and ends thirty days after that or when it is revoked', async () => {
  const harness = await useHarness({ origins: [origin] });
  const used = await logIn(harness, await codeOf(harness));
  const idle = await logIn(harness, await codeOf(harness));
  for (let n = 0; n < 3; n++) {
    harness.clock.advance(20 * day);
    expect((await asPage(harness, halves(used))).status).toBe(200);
  }
  expect((await asPage(harness, halves(idle))).status).toBe(401);
  const rpc = await pageSocket(harness, { origin, cookie: used.cookie });
  await rpc.request('hello', { page: used.page });
  for (const { id, usedAt } of await harness.store.tokens.list()) {
    if (usedAt !== undefined) await harness.call('tokens.revoke', { id });
  }
  expect((await rpc.ended()).code).toBe(4401);
  expect((await asPage(harness, halves(used))).status).toBe(401);
});

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

test('S1: a login sees itself alone; one that administers sees all, and ends any', async () => {
  const harness = await useHarness({ origins: [origin] });
  const one = halves(await logIn(harness, await codeOf(harness), firefox));
  harness.clock.advance(1000);
  const other = halves(await logIn(harness, await codeOf(harness), iphone));
  harness.clock.advance(1000);
  const admin = halves(await logIn(harness, await codeOf(harness, { admin: true }), firefox));
  const listOf = async (headers: Record<string, string>) =>
    (await asPage(harness, headers, 'logins.list')).json.logins;
  expect(await listOf(one)).toMatchObject([{ name: 'Firefox on Linux', own: true }]);
  expect(await listOf(other)).toMatchObject([{ name: 'Safari on iPhone', own: true }]);
  const all = await listOf(admin);
  expect(all).toMatchObject([
    { name: 'Firefox on Linux', own: false },
    { name: 'Safari on iPhone', own: false },
    { name: 'Firefox on Linux', own: true, scopes: expect.arrayContaining(['admin']) },
  ]);
  const end = (headers: Record<string, string>, id: string) =>
    harness.call('tokens.revoke', { id }, { token: null, headers });
  expect((await end(one, all[1].id)).status).toBe(403);
  expect((await end(admin, all[1].id)).json).toEqual({ revoked: true });
  expect((await asPage(harness, other)).status).toBe(401);
  expect(await listOf(admin)).toHaveLength(2);
  // Whoever administers by a token sees them, too, and is none of them.
  const { json } = await harness.call('logins.list');
  expect(json.logins.map(({ own }: { own: boolean }) => own)).toEqual([false, false]);
});

test('S1: a login that administers ends after a day, however much it is used', async () => {
  const harness = await useHarness({ origins: [origin] });
  const login = halves(await logIn(harness, await codeOf(harness, { admin: true })));
  expect((await asPage(harness, login, 'tokens.list')).status).toBe(200);
  for (let hours = 0; hours < 23; hours += 1) {
    harness.clock.advance(day / 24);
    expect((await asPage(harness, login)).status).toBe(200);
  }
  harness.clock.advance(day / 24);
  expect((await asPage(harness, login)).status).toBe(401);
});

test('S1: when a login was last used is known to within ten minutes, and looking writes nothing', async () => {
  const harness = await useHarness({ origins: [origin] });
  const login = halves(await logIn(harness, await codeOf(harness)));
  const used = async () => {
    const [row] = (await asPage(harness, login, 'logins.list')).json.logins;
    return Date.parse(row.usedAt);
  };
  const begun = await used();
  harness.clock.advance(9 * 60_000);
  await used();
  expect(await used()).toBe(begun);
  harness.clock.advance(2 * 60_000);
  await used();
  expect(await used()).toBe(begun + 11 * 60_000);
});

test('S1: who logs out is logged out at the daemon, with its sockets, and nobody else is', async () => {
  const harness = await useHarness({ origins: [origin] });
  const login = await logIn(harness, await codeOf(harness));
  const stays = await logIn(harness, await codeOf(harness));
  const rpc = await pageSocket(harness, { origin, cookie: login.cookie });
  await rpc.request('hello', { page: login.page });
  const out = (headers: Record<string, string>, token: string | null = null) =>
    harness.ask({
      path: '/logout',
      body: '{}',
      token,
      headers: { 'content-type': 'application/json', ...headers },
    });
  // Half of a login ends nothing, nor does a page of elsewhere; a token is no login.
  expect((await out({ origin, cookie: login.cookie })).status).toBe(401);
  expect((await out({ origin, 'x-turnkeep-page': login.page })).status).toBe(401);
  const elsewhere = { ...halves(login), origin: 'https://evil.example' };
  expect((await out(elsewhere)).status).toBe(403);
  expect((await out({ origin }, harness.admin)).status).toBe(403);
  expect((await asPage(harness, halves(login))).status).toBe(200);
  const { status, headers } = await out(halves(login));
  expect(status).toBe(200);
  expect(headers['set-cookie']).toEqual([
    '__Host-turnkeep-443=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure',
  ]);
  expect((await rpc.ended()).code).toBe(4401);
  expect((await asPage(harness, halves(login))).status).toBe(401);
  expect((await out(halves(login))).status).toBe(401);
  // Also for the next daemon.
  const ended = (await harness.store.tokens.list()).filter(({ revokedAt }) => revokedAt !== null);
  expect(ended).toHaveLength(1);
  expect((await asPage(harness, halves(stays))).status).toBe(200);
});

test('S1: a browser that is logged in is given its cookie anew, and nobody else is', async () => {
  const harness = await useHarness({ origins: [origin] });
  const login = await logIn(harness, await codeOf(harness));
  const renew = (headers: Record<string, string>, token: string | null = null) =>
    harness.ask({
      path: '/login/renew',
      body: '{}',
      token,
      headers: { 'content-type': 'application/json', ...headers },
    });
  expect((await renew({ origin, cookie: login.cookie })).status).toBe(401);
  expect((await renew({ origin, 'x-turnkeep-page': login.page })).status).toBe(401);
  expect((await renew({ ...halves(login), origin: 'https://evil.example' })).status).toBe(403);
  expect((await renew({ origin }, harness.admin)).status).toBe(403);
  const { status, headers } = await renew(halves(login));
  expect(status).toBe(200);
  const life = 'Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure';
  expect(headers['set-cookie']).toEqual([`${login.cookie}; ${life}`]);
});
