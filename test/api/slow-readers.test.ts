import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { FeedSink } from '../../src/engine/frames.ts';
import { entryFrame } from './fake-engine.ts';
import { EventReader } from './event-reader.ts';
import { eventually, useHarness, type Harness } from './harness.ts';

/**
 * Sends as the engine does: nothing more while the reader has its budget waiting. Done when the
 * kernel has taken nothing for a while; it may put an acknowledgement off for 40 ms.
 */
async function fill(sink: FeedSink, from = 1): Promise<number> {
  let seq = from;
  for (let quiet = 0; quiet < 3;) {
    if (sink.buffered() > limits.socketBytes) {
      quiet += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    } else {
      quiet = 0;
      sink.send(entryFrame('s1', seq++, 'x'.repeat(60_000)));
    }
  }
  return seq;
}

function sinkAt(harness: Harness, at: number): FeedSink {
  const sink = harness.engine.feeds[at]?.sink;
  if (sink === undefined) throw new Error('no such feed');
  return sink;
}

test('V3: a socket that is not read holds a bounded amount, delays nobody and is told when it is read again', async () => {
  const harness = await useHarness();
  const [slow, quick] = [await harness.socket(), await harness.socket()];
  await slow.request('feeds.open', { session: 's1' });
  await quick.request('feeds.open', { session: 's1' });
  slow.socket.pause();
  const sink = sinkAt(harness, 0);
  const next = await fill(sink);
  expect(sink.buffered()).toBeLessThan(limits.socketBytes + 2 * limits.feedPageBytes);
  let drained = false;
  const draining = sink.drained().then(() => (drained = true));
  sinkAt(harness, 1).send(entryFrame('s1', 1));
  await quick.until(() => quick.notifications('entry')[0]);
  expect((await quick.request('server.health')).result).toEqual({ ok: true });
  expect(drained).toBe(false);
  slow.socket.resume();
  await draining;
  expect(sink.buffered()).toBeLessThan(limits.socketLowBytes);
  await slow.until(() => slow.notifications('entry')[next - 2]);
  const seqs = slow.notifications('entry').map(({ params }) => params.entry.seq);
  expect(seqs).toEqual(Array.from({ length: next - 1 }, (_, n) => n + 1));
});

test('V3: a stream that is not read holds a bounded amount, and is closed when it takes nothing', async () => {
  const harness = await useHarness();
  const socket = connect(harness.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const lines = [
    'GET /v1/sessions/s1/events HTTP/1.1',
    `Host: localhost:${harness.port}`,
    `Authorization: Bearer ${harness.admin}`,
  ];
  socket.pause();
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await eventually(() => harness.engine.feeds.length === 1);
  const quick = await EventReader.open(harness, '/v1/sessions/s1/events');
  const sink = sinkAt(harness, 0);
  await fill(sink);
  expect(sink.buffered()).toBeLessThan(limits.socketBytes + 2 * limits.feedPageBytes);
  sinkAt(harness, 1).send(entryFrame('s1', 1));
  await quick.until(() => quick.events.length === 2);
  const draining = sink.drained();
  for (const beats of [1, 2, 3]) {
    harness.clock.advance(15_000);
    await quick.until(() => quick.comments === beats);
  }
  await draining;
  expect(sink.closed).toBe(true);
  await eventually(() => harness.engine.open.length === 1);
  expect(quick.ended).toBe(false);
  socket.destroy();
});

/** Answers that weigh: what the socket asks for is never read. */
async function flood(harness: Harness, socket: Socket): Promise<number> {
  const { engine } = harness;
  const row = engine.rows.get('s1');
  if (row !== undefined) engine.rows.set('s1', { ...row, title: 'x'.repeat(200_000) });
  let asked = 0;
  const get = engine.get.bind(engine);
  engine.get = (session) => {
    asked += 1;
    return get(session);
  };
  const request = { jsonrpc: '2.0', method: 'sessions.get', params: { session: 's1' } };
  for (let id = 0; id < 2000; id++) socket.write(frameOf(JSON.stringify({ ...request, id })));
  for (let last = -1; last !== asked;) {
    last = asked;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return asked;
}

/** A client's text frame of less than 126 bytes, with a mask of zeros. */
function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

test('V3 S5: who asks and never reads is not answered on for ever', async () => {
  const harness = await useHarness();
  const greedy = await harness.socket();
  const { _socket: raw } = greedy.socket as unknown as { _socket: Socket };
  greedy.socket.pause();
  const asked = await flood(harness, raw);
  // What the kernel and the budget take: far from 2,000 answers of 200 KB each.
  expect(asked).toBeLessThan(200);
  const other = await harness.socket();
  expect((await other.request('server.health')).result).toEqual({ ok: true });
  greedy.socket.terminate();
  await once(greedy.socket, 'close');
});
