import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { checkBounds } from '../../src/api/bounded-json.ts';
import { limits } from '../../src/domain/limits.ts';
import { useHarness, type Harness } from './harness.ts';

/** What damages only the daemon's own answers would show. */
function serves(harness: Harness): Promise<unknown> {
  return harness
    .call('sessions.get', { session: 's1' })
    .then(({ status }) => expect(status).toBe(200));
}

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
