import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hydrate, teleport } from '../../../src/client/index.ts';
import { Daemon } from '../../acp-face/daemon.ts';
import { AppenderProcess, byWriter } from './appender-process.ts';

let daemon: Daemon;
let outboxes = '';
let running: AppenderProcess[] = [];
beforeEach(async () => {
  daemon = await Daemon.open();
  outboxes = await mkdtemp(path.join(tmpdir(), 'turnkeep-outbox-'));
});
afterEach(async () => {
  await Promise.all(running.map((one) => one.kill()));
  running = [];
  await daemon.close();
  await rm(outboxes, { recursive: true });
});

const each = 1000;
const session = 'written-by-two';

function writer(who: string, from = 0): AppenderProcess {
  const outbox = path.join(outboxes, who);
  const { state, token } = daemon;
  const task = { url: state, token, outbox, session, who, from, to: each };
  const started = new AppenderProcess(task);
  running.push(started);
  return started;
}

async function texts(): Promise<string[]> {
  const { entries, end } = await hydrate({ url: daemon.url, token: daemon.token }, session).all();
  expect(end).toEqual({ complete: true, entries: entries.length });
  return entries.map(({ text }) => text);
}

const all = Array.from({ length: each }, (_, at) => at);

test('L1 L3 L5: two write 1,000 entries each while the daemon is killed: all are there once, in their orders', async () => {
  const [one, two] = [writer('one'), writer('two')];
  for (const stop of [60, 210, 400, 640, 900]) {
    // Somewhere in what comes then: where exactly is left to the machine.
    await Promise.race([one.reaches(stop), two.reaches(stop)]);
    await daemon.kill();
    await daemon.start();
  }
  await Promise.all([one.ended(), two.ended()]);
  expect([one.errors, two.errors]).toEqual(['', '']);
  expect([one.end?.waiting, two.end?.waiting]).toEqual([[], []]);
  const lines = await texts();
  expect(lines).toHaveLength(2 * each);
  expect(byWriter(lines)).toEqual({ one: all, two: all });
  const events = await teleport({ url: daemon.url, token: daemon.token }, session).all();
  expect(events.entries.map(({ entry }) => entry?.text)).toEqual(lines);
  expect(events.end.complete).toBe(true);
}, 240_000);

test('L1 L3: a writer and its daemon are killed in turn: nothing that was accepted is lost or there twice', async () => {
  let one = writer('one');
  for (const stop of [100, 350, 600, 850]) {
    await one.reaches(stop);
    await one.kill();
    await daemon.kill();
    await daemon.start();
    one = writer('one', one.accepted + 1);
  }
  await one.ended();
  expect(one.errors).toBe('');
  expect(byWriter(await texts())).toEqual({ one: all });
}, 240_000);
