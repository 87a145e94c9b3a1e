import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { DaemonProcess } from './daemon-process.ts';
import { eventually, type Rpc } from './harness.ts';
import {
  closeCode,
  frame,
  rawConnection,
  rawWebSocket,
  textFrame,
  untilEnd,
} from './raw-socket.ts';

let daemon: DaemonProcess;
/** Another client, which is to notice nothing of it. */
let other: Rpc;

beforeAll(async () => {
  daemon = await DaemonProcess.open();
  other = await daemon.socket();
});

afterAll(async () => {
  other.socket.terminate();
  await daemon.close();
});

const ask = '{"jsonrpc":"2.0","id":1,"method":"server.health"}';
const close = (code: number, reason: string | Buffer = ''): Buffer => {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return frame({ first: 0x88, payload: Buffer.concat([payload, Buffer.from(reason as string)]) });
};
const badText = Buffer.from([0x48, 0xc3, 0x28]);

/** What breaks RFC 6455, the bytes, and the code with which the server leaves. */
const wrong: readonly (readonly [string, Buffer, number | undefined])[] = [
  ...[0x83, 0x84, 0x85, 0x86, 0x87, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f].map(
    (first) => [`opcode ${first & 0xf}`, frame({ first, payload: 'x' }), 1002] as const,
  ),
  ['no mask', frame({ first: 0x81, payload: ask, masked: false }), 1002],
  ['a ping without a mask', frame({ first: 0x89, masked: false }), 1002],
  ['the first reserved bit', frame({ first: 0xc1, payload: ask }), 1002],
  ['the second reserved bit', frame({ first: 0xa1, payload: ask }), 1002],
  ['the third reserved bit', frame({ first: 0x91, payload: ask }), 1002],
  ['a reserved bit on a ping', frame({ first: 0xc9 }), 1002],
  ['a ping of 126 bytes', frame({ first: 0x89, payload: 'x'.repeat(126) }), 1002],
  ['a pong of 70,000 bytes', frame({ first: 0x8a, payload: 'x'.repeat(70_000) }), 1002],
  ['a close of 126 bytes', frame({ first: 0x88, payload: 'x'.repeat(126) }), 1002],
  ['a ping in parts', frame({ first: 0x09, payload: 'x' }), 1002],
  ['a close in parts', frame({ first: 0x08 }), 1002],
  ['a part without a beginning', frame({ first: 0x80, payload: ask }), 1002],
  [
    'a message within a message',
    Buffer.concat([frame({ first: 0x01, payload: '{' }), textFrame(ask)]),
    1002,
  ],
  ['text that is no UTF-8', frame({ first: 0x81, payload: badText }), 1007],
  [
    'text that is no UTF-8, in parts',
    Buffer.concat([
      frame({ first: 0x01, payload: badText.subarray(0, 2) }),
      frame({ first: 0x80, payload: badText.subarray(2) }),
    ]),
    1007,
  ],
  ['surrogates in UTF-8', frame({ first: 0x81, payload: Buffer.from([0xed, 0xa0, 0x80]) }), 1007],
  ['an overlong slash', frame({ first: 0x81, payload: Buffer.from([0xc0, 0xaf]) }), 1007],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map(
    (code) => [`the close code ${code}`, close(code), 1002] as const,
  ),
  ['a close of one byte', frame({ first: 0x88, payload: 'x' }), 1002],
  ['a close with a reason that is no UTF-8', close(1000, badText), 1007],
  ['a frame of a byte too much', frame({ first: 0x81, length: limits.bodyBytes + 1 }), 1009],
  ['a frame of 2^53 bytes', frame({ first: 0x81, length: 2 ** 53 }), 1009],
  ['a frame of 2^62 bytes', frame({ first: 0x82, length: 2 ** 62 }), 1009],
  [
    'parts of a byte too much',
    Buffer.concat([
      frame({ first: 0x01, payload: 'x'.repeat(limits.bodyBytes) }),
      frame({ first: 0x80, payload: 'x' }),
    ]),
    1009,
  ],
  [
    'a message in too many parts',
    Buffer.concat([
      frame({ first: 0x01, payload: '"' }),
      ...Array.from({ length: limits.messageFragments }, () => frame({ first: 0, payload: 'x' })),
    ]),
    1008,
  ],
];

test.each(wrong)(
  'S5: a frame with %s ends its socket, and no other',
  async (_what, bytes, code) => {
    const socket = await rawWebSocket({ port: daemon.port, secret: daemon.secret });
    socket.write(bytes);
    expect(closeCode(await untilEnd(socket))).toBe(code);
    expect((await other.request('server.health')).result).toEqual({ ok: true });
  },
);

test('S5: what is right beside it is answered: parts, pings between them, and a mask', async () => {
  const socket = await rawWebSocket({ port: daemon.port, secret: daemon.secret });
  socket.write(frame({ first: 0x01, payload: ask.slice(0, 9) }));
  socket.write(frame({ first: 0x89, payload: 'still here' }));
  socket.write(frame({ first: 0x00 }));
  socket.write(frame({ first: 0x80, payload: ask.slice(9) }));
  let received = '';
  socket.setEncoding('latin1').on('data', (part: string) => (received += part));
  await eventually(() => received.includes('"result":{"ok":true}'));
  expect(received).toContain('still here');
  socket.end(close(1000));
  await once(socket, 'close');
});

test('S5: a socket that ends at any byte of a frame, or is cut off there, harms nobody', async () => {
  const bytes = textFrame(ask.padEnd(200));
  for (let at = 0; at < bytes.length; at += 7) {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const socket = await rawWebSocket({ port: daemon.port, secret: daemon.secret });
      await new Promise<void>((resolve) => socket.write(bytes.subarray(0, at), () => resolve()));
      socket[how]();
      await untilEnd(socket);
    }
  }
  expect((await other.request('server.health')).result).toEqual({ ok: true });
});

test('S5: chance bytes after the handshake end their socket or are answered, and harm nobody', async () => {
  let state = 20_260_101;
  const chance = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  for (let n = 0; n < 200; n++) {
    const socket = await rawWebSocket({ port: daemon.port, secret: daemon.secret });
    socket.end(Buffer.from(Array.from({ length: 1 + chance(300) }, () => chance(256))));
    await untilEnd(socket);
  }
  expect((await other.request('server.health')).result).toEqual({ ok: true });
});

test.each([
  ['version 7', 'Sec-WebSocket-Version: 7', 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=='],
  ['no key', 'Sec-WebSocket-Version: 13', 'X: y'],
  ['a short key', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: MDEy'],
  [
    'two keys',
    'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
    'Sec-WebSocket-Key: eDEyMzQ1Njc4OWFiY2RlZg==',
  ],
])('S5: a handshake with %s is refused with 400', async (_what, ...lines) => {
  expect(await refusedHandshake(lines)).toMatch(/^HTTP\/1.1 400 .*"code":"invalid"/s);
});

async function refusedHandshake(lines: readonly string[]): Promise<string> {
  const socket = await rawConnection({ port: daemon.port, secret: daemon.secret });
  const head = [
    'GET /rpc HTTP/1.1',
    `Host: localhost:${daemon.port}`,
    `Authorization: Bearer ${daemon.secret}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    ...lines,
    '\r\n',
  ];
  socket.write(head.join('\r\n'));
  return (await untilEnd(socket)).toString();
}
