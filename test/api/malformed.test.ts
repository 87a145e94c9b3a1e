import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { checkBounds } from '../../src/api/bounded-json.ts';
import { limits } from '../../src/domain/limits.ts';
import { operationNames, operations } from '../../src/protocol/operations.ts';
import { useHarness, type Harness } from './harness.ts';

/** Numbers that are the same in every run (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const strings = [
  '',
  ' ',
  '..',
  '../../etc/passwd',
  '%2e%2e%2f',
  '\u0000',
  '-rf',
  '--help',
  'a'.repeat(300),
  '__proto__',
  'constructor',
  '\ud800',
  'ﬀ',
  'ＡＢ',
  '\u202e',
  "'; DROP TABLE sessions; --",
  '$(id)',
  's1',
  'agent:scripted:s1',
  'null',
  '{}',
  '\r\nx: y',
];
const numbers = [0, -1, 1.5, 1e308, -0, 2 ** 53, 9e15, 1e-9];

/** A value of any kind, in the shape of an input as often as not. */
function anything(next: (below: number) => number, depth = 0): unknown {
  const pick = <Item>(items: readonly Item[]): Item => items[next(items.length)] as Item;
  switch (next(depth > 3 ? 5 : 8)) {
    case 0:
      return null;
    case 1:
      return next(2) === 0;
    case 2:
      return pick(numbers);
    case 3:
    case 4:
      return pick(strings);
    case 5:
      return Array.from({ length: next(4) }, () => anything(next, depth + 1));
    default: {
      const fields = [
        'session',
        'id',
        'content',
        'limit',
        'cursor',
        'after',
        'meta',
        'name',
        'digest',
        'run',
        ...strings,
      ];
      const members = Array.from(
        { length: next(5) },
        () => [pick(fields), anything(next, depth + 1)] as const,
      );
      return Object.fromEntries(members);
    }
  }
}

/** Text that was JSON, cut or with some characters changed. */
function damaged(textOf: string, next: (below: number) => number): string {
  const at = next(textOf.length + 1);
  if (next(3) === 0) return textOf.slice(0, at);
  return textOf.slice(0, at) + String.fromCharCode(next(0x180)) + textOf.slice(at + next(3));
}

/** What damages only the daemon's own answers would show. */
function serves(harness: Harness): Promise<unknown> {
  return harness
    .call('sessions.get', { session: 's1' })
    .then(({ status }) => expect(status).toBe(200));
}

test('S5 S3: of two thousand seeded inputs none is answered with a 5xx, over HTTP', async () => {
  const harness = await useHarness();
  const next = seeded(20_260_101);
  const names = operationNames.filter(
    (name) => name !== 'server.shutdown' && operations[name].shape === 'unary',
  );
  const statuses = new Map<number, number>();
  for (let n = 0; n < 2000; n++) {
    const name = names[next(names.length)] ?? '';
    const json = JSON.stringify(anything(next)) ?? '';
    const body = next(3) === 0 ? damaged(json, next) : json;
    const path =
      next(20) === 0
        ? `/v1/${encodeURIComponent(strings[next(strings.length)]?.slice(0, 50).toWellFormed() ?? '')}`
        : `/v1/${name}`;
    const answer = await harness.ask({
      path,
      body,
      headers: { 'content-type': 'application/json' },
    });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status >= 500) expect([path, body, answer.text]).toEqual([]);
    if (answer.status >= 400) expect(JSON.parse(answer.text).error.message).toMatch(/\S/);
  }
  expect(statuses.get(400)).toBeGreaterThan(1000);
  expect(harness.logged).toEqual([]);
  await serves(harness);
}, 60_000);

test('S5: of two thousand seeded frames every one is answered, and none with internal', async () => {
  const harness = await useHarness();
  const next = seeded(7);
  const socket = await harness.socket();
  for (let n = 0; n < 2000; n++) {
    const name = operationNames[next(operationNames.length)];
    const method = name === 'server.shutdown' ? 'server.health' : name;
    const frame = JSON.stringify({ jsonrpc: '2.0', id: n, method, params: anything(next) });
    const answer = await socket.raw(next(3) === 0 ? damaged(frame, next) : frame);
    if (answer.error !== undefined) expect(answer.error.data.code).not.toBe('internal');
    // What a feed would send comes from nowhere here.
    expect(socket.received).toHaveLength(n + 1);
  }
  expect(harness.logged).toEqual([]);
}, 60_000);

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const wide = (keys: number) => `{${Array.from({ length: keys }, (_, n) => `"k${n}":1`).join(',')}}`;

test.each([
  ['no JSON', '{', 400],
  ['nothing', '', 400],
  ['no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), 400],
  ['65 levels', deep(65), 400],
  ['4,100 levels', deep(4100), 400],
  ['100,000 arrays', '['.repeat(100_000) + ']'.repeat(100_000), 400],
  ['10,001 keys', wide(10_001), 400],
  ['300,000 empty objects', `[${'{},'.repeat(300_000)}{}]`, 400],
  ['a prototype', '{"__proto__":{"limit":1}}', 400],
  ['a prototype inside', '{"meta":{"a":{"__proto__":1}}}', 400],
  ['a byte too much', `"${'x'.repeat(limits.bodyBytes - 1)}"`, 413],
  ['much too much', Buffer.alloc(20 * limits.bodyBytes, 0x20), 413],
])('S5: a body of %s is refused, and the next one is served', async (_what, body, status) => {
  const harness = await useHarness();
  const headers = { 'content-type': 'application/json' };
  const answer = await harness.ask({ path: '/v1/sessions.list', body, headers });
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text).error.code).toBe(status === 413 ? 'too_large' : 'invalid');
  await serves(harness);
});

test('S5: bombs are refused in a moment', () => {
  for (const bomb of [deep(4100), '['.repeat(500_000) + ']'.repeat(500_000), wide(70_000)]) {
    const start = performance.now();
    expect(() => checkBounds(bomb)).toThrow();
    // Half a second tells a moment from a hang on a machine that does other things beside.
    expect(performance.now() - start).toBeLessThan(500);
  }
  expect(() => checkBounds(deep(limits.jsonDepth))).not.toThrow();
  expect(() => checkBounds(wide(limits.jsonKeys - 1))).not.toThrow();
});

test('S5: a body sent in chunks is cut at the limit, and one with an encoding is refused', async () => {
  const harness = await useHarness();
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(harness.port, '127.0.0.1');
    const head = `POST /v1/sessions.list HTTP/1.1\r\nHost: localhost:${harness.port}\r\nAuthorization: Bearer ${harness.admin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    socket.write(head);
    const chunk = `${(64 * 1024).toString(16)}\r\n${' '.repeat(64 * 1024)}\r\n`;
    for (let sent = 0; sent <= 17; sent++) socket.write(chunk);
    socket.once('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.on('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  const gzip = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const encoded = await harness.ask({ path: '/v1/sessions.list', body: 'x', headers: gzip });
  expect([encoded.status, JSON.parse(encoded.text).error.field]).toEqual([415, 'content-encoding']);
  const plain = await harness.ask({ path: '/v1/sessions.list', body: '{}' });
  expect([plain.status, JSON.parse(plain.text).error.field]).toEqual([415, 'content-type']);
});

test.each([
  ['nonsense', 'hello\r\n\r\n', 400],
  ['binary', '\u0016\u0003\u0001\u0002\u0000\u0001', 400],
  ['a bad header', 'GET / HTTP/1.1\r\nno colon here\r\n\r\n', 400],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    400,
  ],
  [
    'length and chunks',
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
  ],
  ['headers without end', `GET / HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
])('S5: bytes that are no HTTP (%s) get an answer, and no crash', async (_what, bytes, status) => {
  const harness = await useHarness();
  const socket = connect(harness.port, '127.0.0.1');
  socket.write(bytes);
  const answer = await text(socket);
  expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  expect(answer).toContain('x-content-type-options: nosniff');
  await serves(harness);
});

test('S5: a caller that goes in the middle of its body is nobody’s error', async () => {
  const harness = await useHarness();
  const socket = connect(harness.port, '127.0.0.1');
  const head = `POST /v1/sessions.list HTTP/1.1\r\nHost: localhost:${harness.port}\r\nAuthorization: Bearer ${harness.admin}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
  await new Promise<void>((resolve) => socket.write(head, () => resolve()));
  await serves(harness);
  socket.resetAndDestroy();
  await serves(harness);
  expect(harness.logged).toEqual([]);
});
