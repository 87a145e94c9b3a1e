import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardOf } from '../../src/api/guard.ts';
import { Harness } from './harness.ts';

const listed = 'https://console.example';
let harness: Harness;

beforeAll(async () => {
  harness = await Harness.open({ hosts: ['box.example'], origins: [listed] });
});
afterAll(() => harness.close());

const hosts = [
  '127.0.0.1:PORT',
  'localhost:PORT',
  'LOCALHOST:PORT',
  '[::1]:PORT',
  'box.example',
  'box.example:PORT',
  '127.0.0.1',
  'localhost:1',
  'evil.example:PORT',
  '127.0.0.1.evil.example:PORT',
  '0.0.0.0:PORT',
  'a@localhost:PORT',
];
const goodHosts = new Set(hosts.slice(0, 6));
const origins = [
  undefined,
  listed,
  'null',
  'https://evil.example',
  'http://127.0.0.1:PORT',
  `${listed}.evil.example`,
];
const goodOrigins = new Set([undefined, listed]);
const types = [
  'application/json',
  'application/json; charset=utf-8',
  undefined,
  'application/x-www-form-urlencoded',
  'text/plain; application/json',
];
const goodTypes = new Set(types.slice(0, 2));
const routes = [
  { path: '/v1/agents.list', method: 'POST', open: false },
  { path: '/v1/server.health', method: 'POST', open: true },
  { path: '/v1/health', method: 'GET', open: true },
];
const tokens = ['good', 'wrong', 'none'] as const;

function headersOf(cell: { host: string; origin: string | undefined; type: string | undefined }) {
  const port = String(harness.port);
  return {
    host: cell.host.replace('PORT', port),
    ...(cell.origin === undefined ? {} : { origin: cell.origin.replace('PORT', port) }),
    ...(cell.type === undefined ? {} : { 'content-type': cell.type }),
  };
}

const secrets = () => ({ good: harness.admin, wrong: `tk_${'A'.repeat(43)}`, none: null });

describe('S2 S1: only the right request is answered 2xx', () => {
  const cells = routes.flatMap((route) =>
    hosts.flatMap((host) =>
      origins.flatMap((origin) => types.map((type) => ({ route, host, origin, type }))),
    ),
  );

  test.each(tokens)(
    'S2 S1: route x method x Host x Origin x content type, with a token that is %s',
    async (token) => {
      const wrongCells: unknown[] = [];
      for (const [n, { route, ...cell }] of cells.entries()) {
        // Every route by its own method, and by another one in turn.
        const method = n % 7 === 0 ? (route.method === 'GET' ? 'POST' : 'GET') : route.method;
        const placed = goodHosts.has(cell.host) && goodOrigins.has(cell.origin);
        const right =
          placed &&
          method === route.method &&
          (route.open || token === 'good') &&
          (method === 'GET' || goodTypes.has(cell.type));
        const { status, headers } = await harness.ask({
          method,
          path: route.path,
          ...(method === 'POST' ? { body: '{}' } : {}),
          headers: headersOf(cell),
          token: secrets()[token],
        });
        const fits = right
          ? status === 200
          : placed
            ? status >= 400 && status < 500
            : status === 403;
        const bare = Object.keys(headers).every((name) => !name.startsWith('access-control'));
        if (!fits || !bare) wrongCells.push({ ...route, ...cell, method, status });
      }
      expect(wrongCells).toEqual([]);
    },
  );
});

test('S2: sockets and streams of another Host or Origin are refused', async () => {
  const authorization = `Bearer ${harness.admin}`;
  for (const host of hosts) {
    for (const origin of origins) {
      const headers = { authorization, ...headersOf({ host, origin, type: undefined }) };
      const right = goodHosts.has(host) && goodOrigins.has(origin);
      expect([host, origin, await harness.refusedUpgrade(headers)]).toEqual([
        host,
        origin,
        right ? 101 : 403,
      ]);
      if (right) continue;
      const stream = await harness.ask({ method: 'GET', path: '/v1/events', headers });
      expect(stream.status).toBe(403);
    }
  }
});

/** Sends bytes that no HTTP library would. */
async function sendRaw(bytes: string): Promise<string> {
  const socket = connect(harness.port, '127.0.0.1');
  socket.end(bytes);
  return text(socket);
}

test('S2: two Hosts, no Host and a whole address as target are refused', async () => {
  const own = `localhost:${harness.port}`;
  const health = 'GET /v1/health HTTP/1.1\r\nConnection: close\r\n';
  expect(await sendRaw(`${health}Host: ${own}\r\n\r\n`)).toMatch(/^HTTP\/1.1 200 /);
  expect(await sendRaw(`${health}Host: ${own}\r\nHost: evil.example\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 40[03] /,
  );
  expect(await sendRaw(`${health}\r\n`)).toMatch(/^HTTP\/1.1 40[03] /);
  expect(await sendRaw('GET /v1/health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /);
  const whole = `GET http://evil.example/v1/health HTTP/1.1\r\nHost: ${own}\r\nConnection: close\r\n\r\n`;
  expect(await sendRaw(whole)).toMatch(/^HTTP\/1.1 400 /);
  const double = `GET //evil.example/v1/health HTTP/1.1\r\nHost: ${own}\r\nConnection: close\r\n\r\n`;
  expect(await sendRaw(double)).toMatch(/^HTTP\/1.1 400 /);
});

test('S2: the origin of sandboxed frames cannot be allowed', () => {
  expect(() => guardOf(1, { origins: ['null'] })).toThrow(/null/);
});

test('every answer says that it is no page, is not kept, and has an id', async () => {
  const answers = [
    await harness.call('agents.list'),
    await harness.call('nothing.here'),
    await harness.ask({ method: 'GET', path: '/nowhere' }),
    await harness.ask({ path: '/v1/agents.list', headers: { origin: 'https://evil.example' } }),
  ];
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'content-type': 'application/json',
    });
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(headers['x-request-id']).toBeDefined();
  }
  expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(answers.length);
});
