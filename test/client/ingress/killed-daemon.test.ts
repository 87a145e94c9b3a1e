import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createAppender, hydrate, teleport } from '../../../src/client/index.ts';
import { Daemon } from '../../acp-face/daemon.ts';
import { WireTap } from '../../moves/wire-tap.ts';
import { AppenderProcess, byWriter, withoutUntold } from './appender-process.ts';

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
  const anew: number[] = [];
  for (const stop of [100, 350, 600, 850]) {
    await one.reaches(stop);
    await one.kill();
    await daemon.kill();
    await daemon.start();
    anew.push(one.accepted + 1);
    one = writer('one', one.accepted + 1);
  }
  await one.ended();
  expect(one.errors).toBe('');
  const { one: wrote, ...others } = byWriter(await texts());
  expect(withoutUntold(wrote, anew)).toEqual(all);
  expect(others).toEqual({});
}, 240_000);

test.each([0, 1, 2])(
  'L1 L3: entries without a name at the beginning of a log are there once, where answer %i was lost and its writer killed',
  async (passing) => {
    const tap = await WireTap.open(daemon.url);
    onTestFinished(() => tap.close());
    const outbox = path.join(outboxes, 'nameless');
    const { token } = daemon;
    const task = { url: tap.url, token, outbox, session, who: 'one', to: 40, nameless: true };
    const lost = tap.hold({ operation: 'session_ingress', when: 'after', passing });
    const first = new AppenderProcess({ ...task, from: 0 });
    running.push(first);
    await lost;
    await first.reaches(39);
    await first.kill();
    tap.lose();
    // By now the head is another one than that after which they went out.
    const other = await createAppender({ url: daemon.url, token, onConflict: 'rebase' });
    const message = { role: 'user', content: 'two 0' };
    const { settled } = await other.append(session, { uuid: 'two-0', type: 'user', message });
    expect(await settled).toMatchObject({ result: 'stored' });
    await other.close();
    const second = new AppenderProcess({ ...task, from: 40 });
    running.push(second);
    await second.ended();
    expect([second.errors, second.end?.waiting]).toEqual(['', []]);
    const some = Array.from({ length: 40 }, (_, at) => at);
    expect(byWriter(await texts())).toEqual({ one: some, two: [0] });
  },
  60_000,
);
