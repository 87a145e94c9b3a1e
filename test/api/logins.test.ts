import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Harness, Rpc, useHarness } from './harness.ts';

const origin = 'https://console.example';
const day = 86_400_000;
const json = { 'content-type': 'application/json', origin };

async function codeOf(harness: Harness): Promise<string> {
  const { json: made } = await harness.call('logins.create');
  return made.code as string;
}

/** What a browser has after the link was opened; null where it was not let in. */
async function logIn(harness: Harness, code: string) {
  const body = JSON.stringify({ code });
  const answer = await harness.ask({ path: '/login', body, token: null, headers: json });
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
  const [row] = (await harness.store.tokens.list()).filter(({ name }) => name === 'console');
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
  for (const { id, name } of await harness.store.tokens.list()) {
    if (name === 'console') await harness.call('tokens.revoke', { id });
  }
  expect((await rpc.ended()).code).toBe(4401);
  expect((await asPage(harness, halves(used))).status).toBe(401);
});
