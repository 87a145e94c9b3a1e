import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkBounds, checkValues, parseJson } from '../../src/api/bounded-json.ts';
import { limits } from '../../src/domain/limits.ts';
import { DaemonProcess } from './daemon-process.ts';
import { eventually, type Rpc } from './harness.ts';
import { frame, headOf, rawConnection, rawWebSocket, untilEnd } from './raw-socket.ts';

const most = limits.bodyBytes;
const mebibyte = 1024 * 1024;
const times = 20;
let daemon: DaemonProcess;
let rpc: Rpc;

beforeAll(async () => {
  daemon = await DaemonProcess.open();
  rpc = await daemon.socket();
  await rpc.request('sessions.create', { id: 's-0' });
});

afterAll(async () => {
  rpc.socket.terminate();
  await daemon.close();
});

/** As many of these as a body takes, less what a frame has around them. */
function filled(unit: (n: number) => string, around = '[]'): string {
  const units: string[] = [];
  for (let size = 300, n = 0; size < most; n++) {
    const next = unit(n);
    size += next.length + 1;
    if (size < most) units.push(next);
  }
  return `${around[0]}${units.join(',')}${around[1]}`;
}

const nested = (open: string, close: string, depth: number): string =>
  `${open.repeat(depth)}1${close.repeat(depth)}`;

/** JSON that is small as text and large, deep or slow as a value. */
const bombs: readonly (readonly [string, string])[] = [
  ['half a million arrays in each other', nested('[', ']', most / 2 - 200)],
  ['170,000 objects in each other', nested('{"a":', '}', 170_000)],
  ['4,100 objects in each other', nested('{"a":', '}', 4100)],
  ['65 arrays in each other', nested('[', ']', 65)],
  ['brackets that are never closed', '['.repeat(most - 200)],
  ['arrays of nothing', filled(() => '[]')],
  ['objects of nothing', filled(() => '{}')],
  ['ten deep, again and again', filled(() => '[[[[[[[[[[]]]]]]]]]]')],
  ['keys, each another', filled((n) => `"k${n}":1`, '{}')],
  ['one key again and again', filled(() => '"k":1', '{}')],
  ['keys that look like places of an array', filled((n) => `"${n * 40_000 + 7}":1`, '{}')],
  ['objects, each of another shape', filled((n) => `{"k${n}":1}`)],
  ['numbers', filled(() => '1')],
  ['the largest numbers', filled(() => '1e308')],
  ['texts', filled((n) => `"s${n}"`)],
  ['10,001 keys', `{${Array.from({ length: 10_001 }, (_, n) => `"k${n}":1`).join(',')}}`],
  ['a number beyond all numbers', '{"limit":1e999}'],
  ['a prototype', '{"__proto__":{"limit":1}}'],
  ['a prototype, written otherwise', '{"\\u005f_proto__":{"limit":1}}'],
  ['a prototype inside', '{"meta":{"a":[{"__proto__":1}]}}'],
];

test.each(bombs)(
  'S5 V6: %s: refused on both faces, in a moment and without a trace',
  async (_what, bomb) => {
    const before = await daemon.memory();
    await daemon.block();
    for (let n = 0; n < times; n++) {
      const { status, text } = await daemon.ask('/v1/sessions.list', bomb);
      expect([status, JSON.parse(text).error.code]).toEqual([400, 'invalid']);
      const answer = await rpc.raw(
        `{"jsonrpc":"2.0","id":1,"method":"sessions.list","params":${bomb}}`,
      );
      expect([answer.id, answer.error.code]).toEqual([null, -32_600]);
    }
    rpc.received.length = 0;
    const block = await daemon.block();
    const grown = ((await daemon.memory()) - before) / mebibyte;
    console.log(`longest block ${block.toFixed(1)} ms, grown by ${grown.toFixed(1)} MiB`);
    expect(grown).toBeLessThan(8);
    expect((await rpc.request('server.health')).result).toEqual({ ok: true });
  },
);

/** What takes a parser longest is never given to one: this needs no clock. */
test('S5 V6: no text that passes the bounds has more than they say', () => {
  const values = (value: unknown): number =>
    typeof value === 'object' && value !== null
      ? Object.values(value).reduce<number>((sum, item) => sum + 1 + values(item), 1)
      : 0;
  for (const [, bomb] of bombs) {
    const text = bomb.slice(0, 30_000);
    const closed = [text, `${text}]`, `${text}}`, `${text}"]`, `${text}1}`];
    for (const each of closed) {
      const passes = ((): boolean => {
        try {
          checkBounds(each);
          checkValues(parseJson(each));
          return true;
        } catch {
          return false;
        }
      })();
      if (passes) expect(values(parseJson(each))).toBeLessThanOrEqual(2 * limits.jsonKeys);
    }
  }
  expect(() => checkBounds(nested('[', ']', limits.jsonDepth))).not.toThrow();
  expect(() => checkBounds(nested('[', ']', limits.jsonDepth + 1))).toThrow(/64 deep/);
  const wide = (keys: number): string =>
    `{${Array.from({ length: keys }, (_, n) => `"k${n}":1`).join(',')}}`;
  expect(() => checkBounds(wide(limits.jsonKeys - 1))).not.toThrow();
  expect(() => checkBounds(wide(limits.jsonKeys))).toThrow(/10000 keys/);
  // What is in a string is no structure, however its end is hidden.
  expect(() => checkBounds(`"${'[{:,'.repeat(50_000)}\\"[[[\\\\"`)).not.toThrow();
});

test('S5: texts of a mebibyte, which are no bombs, are taken as far as the fields go', async () => {
  for (const text of ['x'.repeat(most - 300), '\\u0041'.repeat(160_000), '💥'.repeat(250_000)]) {
    const { status } = await daemon.ask('/v1/sessions.list', `{"text":"${text}"}`);
    expect(status).toBe(400);
    const content = `{"session":"s-0","content":"${text}"}`;
    const sent = await daemon.ask('/v1/sessions.send', content);
    expect(sent.status).toBe(200);
  }
  const image = `{"type":"image","mimeType":"image/png","data":"${'A'.repeat(1_000_000)}"}`;
  const sent = await daemon.ask('/v1/sessions.send', `{"session":"s-0","content":[${image}]}`);
  expect(sent.status).toBe(200);
});

test.each([
  ['a byte too much', ['Content-Length: 1048577'], 413],
  ['2^60 bytes', ['Content-Length: 1152921504606846976'], 413],
  ['no length that is a number', ['Content-Length: 0x10'], 400],
  ['a length below nothing', ['Content-Length: -1'], 400],
  ['gzip', ['Content-Length: 2', 'Content-Encoding: gzip'], 415],
  ['deflate', ['Content-Length: 2', 'Content-Encoding: deflate'], 415],
  ['br', ['Content-Length: 2', 'Content-Encoding: br'], 415],
  ['identity', ['Content-Length: 2', 'Content-Encoding: identity'], 415],
  [
    'a charset of two bytes',
    ['Content-Length: 2', 'Content-Type: application/json; charset=utf-16'],
    415,
  ],
])('S5: a body announced with %s is refused before it is read', async (_what, headers, status) => {
  const door = { port: daemon.port, secret: daemon.secret };
  const socket = await rawConnection(door);
  const head = headOf(door, headers);
  // Of two types the first one counts: it is taken away where a case brings its own.
  const own = headers.some((line) => line.startsWith('Content-Type'));
  socket.write(own ? head.replace('Content-Type: application/json\r\n', '') : head);
  const [data] = (await once(socket, 'data')) as [Buffer];
  expect(data.toString().slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  socket.destroy();
});

test('S5: a body of a gigabyte in chunks is cut at the limit, and none of it stays', async () => {
  const door = { port: daemon.port, secret: daemon.secret };
  const before = await daemon.memory();
  for (let n = 0; n < 10; n++) {
    const socket = await rawConnection(door);
    const ended = untilEnd(socket);
    socket.write(headOf(door, ['Transfer-Encoding: chunked'], 'sessions.list'));
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    // A gigabyte, if anybody took it.
    for (let sent = 0; sent < 16_384 && socket.writable; sent++) {
      if (!socket.write(chunk)) {
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), ended]);
      }
    }
    expect((await ended).toString()).toMatch(/^HTTP\/1.1 413 |^$/);
    expect(socket.bytesWritten).toBeLessThan(32 * mebibyte);
  }
  expect(((await daemon.memory()) - before) / mebibyte).toBeLessThan(8);
});

test('S5 V3: messages in a thousand parts, and frames byte by byte, hold what they weigh', async () => {
  const door = { port: daemon.port, secret: daemon.secret };
  const before = await daemon.memory();
  const sockets = await Promise.all(Array.from({ length: 20 }, () => rawWebSocket(door)));
  for (const socket of sockets) {
    socket.write(frame({ first: 0x01, payload: '"' }));
    for (let n = 1; n < limits.messageFragments; n++)
      socket.write(frame({ first: 0, payload: 'x' }));
  }
  const trickling = await rawWebSocket(door);
  trickling.setNoDelay(true);
  const bytes = frame({ first: 0x81, payload: JSON.stringify({ a: 'x'.repeat(2000) }) });
  for (const byte of bytes) {
    await new Promise<void>((resolve) => trickling.write(Buffer.from([byte]), () => resolve()));
  }
  let answer = '';
  trickling.on('data', (part: Buffer) => (answer += part.toString('latin1')));
  await eventually(() => answer.includes('-32600'));
  expect(((await daemon.memory()) - before) / mebibyte).toBeLessThan(16);
  for (const socket of [...sockets, trickling]) socket.destroy();
});

test('S5: batches are refused, whatever is in them', async () => {
  const one = '{"jsonrpc":"2.0","id":1,"method":"server.health"}';
  for (const batch of ['[]', `[${one}]`, `[${one},${one}]`, '[[]]', '[1]']) {
    const { error, id } = await rpc.raw(batch);
    expect([id, error.code, error.data.code]).toEqual([null, -32_600, 'invalid']);
    expect((await daemon.ask('/v1/server.health', batch)).status).toBe(400);
  }
});
