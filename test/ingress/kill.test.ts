import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../src/client/index.ts';
import { IngressDaemon } from './daemon.ts';
import { IngressClient, type Line } from './ingress-client.ts';
import { Transcript, unnamed } from './transcript.ts';

/** Steps by which a random generator that is seeded goes on. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function linesOf(count: number): Line[] {
  const transcript = new Transcript();
  return Array.from({ length: count }, (_, at) => {
    if (at % 7 === 6) return unnamed(`mode ${at}`);
    if (at % 7 === 3) return transcript.calls(`toolu_${at}`, 'Bash', { command: `echo ${at}` });
    if (at % 7 === 4) return transcript.result(`toolu_${at - 1}`, `${at} `.repeat(20_000));
    return transcript.user(`Prompt ${at}`);
  });
}

test('L1 L2 L3 R7: the daemon is killed between and in PUTs; each entry is stored once and in its order', async () => {
  const daemon = await IngressDaemon.open();
  const next = dice(7);
  // In small steps of real time: a daemon is there again after about a second.
  const sleep = (ms: number): Promise<void> => setTimeout(Math.min(ms, 400));
  const writers = ['cse_one', 'cse_two'].map((id) => ({ id, lines: linesOf(150) }));
  let writing = true;
  const write = async ({ id, lines }: { id: string; lines: readonly Line[] }): Promise<void> => {
    const writer = new IngressClient(daemon.url, daemon.token, { sleep });
    onTestFinished(() => writer.close());
    for (const line of lines) {
      // Ten tries may all fall into one start: who keeps a transcript goes on with what is not stored.
      while ((await writer.append(id, line)) === 'given up');
    }
  };
  const written = Promise.all(writers.map(write)).finally(() => (writing = false));
  let kills = 0;
  while (writing && kills < 8) {
    await Promise.race([setTimeout(20 + next() * 250), written]);
    await daemon.kill();
    kills += 1;
    await daemon.start();
  }
  await written;
  expect(kills).toBeGreaterThan(2);
  const client = createClient({ url: daemon.url, token: daemon.token });
  onTestFinished(() => client.close());
  for (const { id, lines } of writers) {
    const reader = new IngressClient(daemon.url, daemon.token);
    onTestFinished(() => reader.close());
    expect(await reader.hydrate(id)).toEqual(lines);
    expect(await reader.teleport(id)).toEqual(lines);
  }
  expect(await client.server.check()).toEqual({ faults: [], more: 0 });
}, 240_000);

test('L1 V6: an entry of 20 MB is read beside the main thread, and outlives a kill right after its answer', async () => {
  const daemon = await IngressDaemon.open();
  const writer = new IngressClient(daemon.url, daemon.token);
  onTestFinished(() => writer.close());
  const transcript = new Transcript();
  const small = transcript.user('small');
  const large = transcript.user('large '.repeat(3_500_000));
  expect(await writer.append('cse_large', small)).toBe('stored');
  expect(await writer.append('cse_large', large)).toBe('stored');
  await daemon.kill();
  await daemon.start();
  expect(await writer.append('cse_large', large)).toBe('stored');
  expect(writer.statuses).toEqual([201, 201, 200]);
  expect(await writer.hydrate('cse_large')).toEqual([small, large]);
  const client = createClient({ url: daemon.url, token: daemon.token });
  onTestFinished(() => client.close());
  const { entries } = await client.sessions.history({ session: 'cse_large', kinds: ['delivery'] });
  expect(entries).toHaveLength(2);
}, 120_000);
