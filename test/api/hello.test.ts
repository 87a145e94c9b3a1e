import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { helloBytes, helloMs } from '../../src/api/rpc/hello.ts';
import { type Harness, useHarness } from './harness.ts';

const origin = 'https://console.example';

/** A socket of a page, as bytes: what a browser would not send can be sent. */
async function pageWire(harness: Harness): Promise<Socket> {
  const { json: made } = await harness.call('logins.create');
  const body = JSON.stringify({ code: made.code as string });
  const headers = { 'content-type': 'application/json', origin };
  const answer = await harness.ask({ path: '/login', body, token: null, headers });
  const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
  const { hostname, port, host } = new URL(harness.listening.url);
  const wire = connect(Number(port), hostname);
  const lines = [
    'GET /rpc HTTP/1.1',
    `Host: ${host}`,
    `Origin: ${origin}`,
    `Cookie: ${cookie}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  wire.on('error', () => undefined);
  wire.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [first] = (await once(wire, 'data')) as [Buffer];
  expect(String(first)).toMatch(/^HTTP\/1\.1 101 /);
  return wire;
}

/** The beginning of a text frame that says that it has so many bytes. */
function frameHead(size: number): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(size), 2);
  return head;
}

test('S1 S5: who has not said who it is may send a few KiB, also of a message that has not ended', async () => {
  const harness = await useHarness({ origins: [origin] });
  const wire = await pageWire(harness);
  const closed = once(wire, 'close');
  const frame = frameHead(512 * 1024);
  wire.write(frame);
  wire.write(Buffer.alloc(helloBytes - frame.length));
  // Up to here it is heard: the daemon answers somebody else, and the socket is open.
  await harness.call('server.info');
  expect(wire.readyState).toBe('open');
  wire.write('x');
  await closed;
});

test('S1 S5: neither a silent peer nor one that does not answer the close holds its socket', async () => {
  const harness = await useHarness({ origins: [origin] });
  const silent = await pageWire(harness);
  const told = once(silent, 'data');
  harness.clock.advance(helloMs);
  const [close] = (await told) as [Buffer];
  expect(close.readUInt16BE(2)).toBe(4401);
  const closed = once(silent, 'close');
  harness.clock.advance(1000);
  await closed;
});
