import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { DaemonProcess } from './daemon-process.ts';
import { eventually, useHarness } from './harness.ts';
import { headOf, rawWebSocket } from './raw-socket.ts';

async function useDaemon(): Promise<DaemonProcess> {
  const daemon = await DaemonProcess.open();
  onTestFinished(() => daemon.close());
  return daemon;
}

interface Slow {
  what: string;
  /** The first that it sends. */
  first: string | Buffer;
  /** What it sends again and again, a piece in half a second. */
  again: string | null;
  /** Seconds after which it has to be closed. */
  closed: number;
}

function slowOnes(daemon: DaemonProcess): Slow[] {
  const door = { port: daemon.port, secret: daemon.secret };
  const hello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]);
  return [
    // Headers have 5 s and bodies 30, looked at every second; the rest is for a busy machine.
    { what: 'silent', first: '', again: null, closed: 12 },
    {
      what: 'slow in its headers',
      first: 'POST /v1/agents.list HTTP/1.1\r\n',
      again: 'x: y\r\n',
      closed: 12,
    },
    { what: 'silent in its headers', first: 'POST /v1/agents.list HT', again: null, closed: 12 },
    {
      what: 'slow in its body',
      first: headOf(door, ['Content-Length: 5000']),
      again: ' ',
      closed: 40,
    },
    {
      what: 'silent in its chunks',
      first: headOf(door, ['Transfer-Encoding: chunked']) + 'ff\r\n{',
      again: null,
      closed: 40,
    },
    { what: 'speaking TLS', first: hello, again: null, closed: 5 },
    {
      what: 'idle after an answer',
      first: `${headOf(door, ['Content-Length: 2'])}{}`,
      again: null,
      closed: 15,
    },
  ];
}

/** Opens it, plays it, and tells after how many seconds the daemon had enough. */
async function play(port: number, { first, again }: Slow): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.resume();
  const start = performance.now();
  socket.write(first);
  const timer = again === null ? undefined : setInterval(() => socket.write(again), 500);
  await closed;
  clearInterval(timer);
  return (performance.now() - start) / 1000;
}

test('S5: 500 slow connections are closed at their deadlines, and a good client is served all along', async () => {
  const daemon = await useDaemon();
  const kinds = slowOnes(daemon);
  const times = new Map<string, number[]>(kinds.map(({ what }) => [what, []]));
  let open = 500;
  const all = Promise.all(
    Array.from({ length: open }, async (_, n) => {
      const kind = kinds[n % kinds.length]!;
      times.get(kind.what)!.push(await play(daemon.port, kind));
      open -= 1;
    }),
  );
  const waits: number[] = [];
  while (open > 0) {
    const start = performance.now();
    const { status } = await daemon.ask('/v1/agents.list', '{}');
    waits.push(performance.now() - start);
    expect(status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await all;
  for (const { what, closed } of kinds) {
    expect(Math.max(...times.get(what)!), what).toBeLessThan(closed);
  }
  waits.sort((a, b) => a - b);
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? 0;
  console.log(`${waits.length} answers meanwhile, 99 % within ${p99.toFixed(1)} ms`);
  expect(waits.length).toBeGreaterThan(100);
}, 90_000);

test('S5: the connection after the thousandth is told so; those that are there go on', async () => {
  const daemon = await useDaemon();
  const kept = await daemon.socket();
  const others: Socket[] = [];
  // One is the kept one's.
  for (let n = 1; n < limits.connections; n++) {
    const socket = connect(daemon.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    others.push(socket);
  }
  const { status, text } = await daemon.ask('/v1/agents.list', '{}');
  expect([status, JSON.parse(text).error.code]).toEqual([429, 'limited']);
  expect((await kept.request('server.health')).result).toEqual({ ok: true });
  for (const socket of others) socket.destroy();
  await expect
    .poll(() => daemon.ask('/v1/agents.list', '{}').then((answer) => answer.status))
    .toBe(200);
  kept.socket.terminate();
}, 60_000);

test('S5: 200 sockets that answer no ping are closed at the second, and the others stay', async () => {
  const harness = await useHarness();
  const door = { port: harness.port, secret: harness.admin };
  const good = await harness.socket();
  const deaf = await Promise.all(Array.from({ length: 200 }, () => rawWebSocket(door)));
  let closed = 0;
  for (const socket of deaf) socket.resume().once('close', () => (closed += 1));
  let pings = 0;
  good.socket.on('ping', () => (pings += 1));
  // In the first 15 s each was heard: its handshake counts. Then two pings are not answered.
  for (const sent of [1, 2]) {
    harness.clock.advance(15_000);
    await eventually(() => pings === sent);
    expect((await good.request('server.health')).result).toEqual({ ok: true });
    expect(closed).toBe(0);
  }
  harness.clock.advance(15_000);
  await eventually(() => closed === deaf.length);
  expect((await good.request('server.health')).result).toEqual({ ok: true });
  expect(good.closed).toBeUndefined();
});
