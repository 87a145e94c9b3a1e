import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { DaemonProcess } from './daemon-process.ts';
import { useHarness } from './harness.ts';
import { headOf, rawConnection, rawWebSocket, textFrame } from './raw-socket.ts';

const mebibyte = 1024 * 1024;
let daemon: DaemonProcess;

beforeEach(async () => {
  daemon = await DaemonProcess.open();
});

afterEach(() => daemon.close());

/** Writes as long as the other side takes it; tells how often the bytes went out. */
async function press(socket: Socket, bytes: Buffer, times: number): Promise<number> {
  for (let sent = 0; sent < times; sent++) {
    if (socket.write(bytes)) continue;
    const taken = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 1500);
      const done = (so: boolean) => () => {
        clearTimeout(timer);
        resolve(so);
      };
      socket.once('drain', done(true));
      socket.once('close', done(false));
    });
    if (!taken) return sent;
  }
  return times;
}

/** Another client is served while it goes on. */
async function servedMeanwhile<Value>(work: Promise<Value>): Promise<Value> {
  const other = await daemon.socket();
  let over = false;
  const ended = work.finally(() => (over = true));
  let served = 0;
  while (!over) {
    expect((await other.request('agents.list')).result.default).toBe('plain');
    served += 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(served).toBeGreaterThan(0);
  other.socket.terminate();
  return ended;
}

const door = () => ({ port: daemon.port, secret: daemon.secret });

async function grown(since: number): Promise<number> {
  return ((await daemon.memory()) - since) / mebibyte;
}

test('V3 S5: 100,000 requests on a socket that is never read hold a bounded amount', async () => {
  await daemon.fill(['s-0'], 200_000);
  const before = await daemon.memory();
  const socket = await rawWebSocket(door());
  socket.pause();
  const params = { session: 's-0', after: 0, maxBytes: limits.pageBytes };
  const request = { jsonrpc: '2.0', id: 1, method: 'sessions.history', params };
  const many = Buffer.concat(Array.from({ length: 100 }, () => textFrame(JSON.stringify(request))));
  await servedMeanwhile(press(socket, many, 1000));
  // Its answers that are open, and what it may hold besides.
  expect(await grown(before)).toBeLessThan(8);
  socket.destroy();
}, 60_000);

test('V3 S5: 100,000 requests behind each other on a connection that is never read are not begun', async () => {
  await daemon.fill(['s-0'], 1000);
  const before = await daemon.memory();
  const socket = await rawConnection(door());
  socket.pause();
  const body = '{"session":"s-0"}';
  const one = headOf(door(), [`Content-Length: ${body.length}`], 'sessions.get') + body;
  await servedMeanwhile(press(socket, Buffer.from(one.repeat(100)), 1000));
  expect(await grown(before)).toBeLessThan(8);
  socket.destroy();
}, 60_000);

test('S5: of requests behind each other as many are answered as may wait, then the connection ends', async () => {
  const socket = await rawConnection(door());
  const one = `${headOf(door(), ['Content-Length: 2'])}{}`;
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(one.repeat(limits.socketAnswers + 4));
  await closed;
  const statuses = [...text.matchAll(/HTTP\/1.1 (\d+) /g)].map(([, status]) => status);
  expect(statuses.slice(0, -1).every((status) => status === '200')).toBe(true);
  expect([statuses.length, statuses.at(-1)]).toEqual([limits.socketAnswers + 1, '429']);
  expect(text).toContain('"code":"limited"');
  // Those who wait for an answer ask as often as they like.
  const patient = await rawConnection(door());
  for (let n = 0; n < 3 * limits.socketAnswers; n++) {
    patient.write(one);
    const [answer] = (await once(patient, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200 /);
  }
  patient.destroy();
}, 60_000);

test('V1 V3: of a thousand feeds on a socket that falls behind none loses an entry', async () => {
  const ids = Array.from({ length: 1000 }, (_, n) => `s-${n}`);
  await daemon.fill(ids, 100);
  const reader = await daemon.socket();
  for (const session of ids) await reader.request('feeds.open', { session });
  const prompts = () =>
    reader.notifications('entry').filter(({ params }) => params.entry.kind === 'prompt');
  reader.socket.pause();
  await daemon.prompt(ids, 30_000);
  reader.socket.resume();
  await reader.until(() => (prompts().length === ids.length ? true : undefined));
  expect(new Set(prompts().map(({ params }) => params.session)).size).toBe(ids.length);
  reader.socket.terminate();
}, 120_000);

test('S5: a socket may send so many messages in a second, and is served again after it', async () => {
  const harness = await useHarness();
  const socket = await harness.socket();
  for (let n = 0; n < limits.messagesAtOnce; n++) socket.socket.send('1');
  const refused = await socket.request('server.health');
  expect(refused.error.data).toEqual({ code: 'limited', data: { retryAfter: 0.1 } });
  expect(socket.received).toHaveLength(limits.messagesAtOnce + 1);
  // What it sends from now on is not read until its rest is over.
  const later = socket.request('server.health');
  expect((await harness.call('server.health')).status).toBe(200);
  expect(socket.received).toHaveLength(limits.messagesAtOnce + 1);
  harness.clock.advance(100);
  expect((await later).result).toEqual({ ok: true });
  for (let n = 1; n < limits.messagesPerSecond / 10; n++) {
    expect((await socket.request('server.health')).result).toEqual({ ok: true });
  }
  expect((await socket.request('server.health')).error.data.code).toBe('limited');
});
