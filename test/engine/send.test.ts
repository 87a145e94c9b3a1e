import { describe, expect, test } from 'vitest';
import type { Turn } from '../../src/testing/index.ts';
import { Gate } from './agents.ts';
import { storeWith } from './store-with.ts';
import { by, memoryStore, Workbench, words } from './workbench.ts';

const talk = (turn: Turn): void => turn.say('hello');
const wait = async (turn: Turn): Promise<void> => {
  turn.say('working');
  await turn.cancelled;
  turn.end('cancelled');
};

describe('the same id twice', () => {
  test('P1 L3: is one prompt, and the second answer names the first, also after a restart', async () => {
    const bench = await Workbench.open({ play: talk });
    const session = await bench.session();
    const first = await bench.send(session, 'go', { id: 'p1' });
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    const second = await bench.send(session, 'go', { id: 'p1' });
    expect(second).toMatchObject({ duplicate: true, state: 'delivered', entry: first.entry });
    await bench.boot();
    const third = await bench.send(session, 'go', { id: 'p1' });
    expect(third).toMatchObject({ duplicate: true, state: 'delivered', entry: first.entry });
    expect(await bench.of(session, 'prompt')).toHaveLength(1);
    expect(await bench.of(session, 'delivery')).toHaveLength(1);
  });

  test('P1 L3: at the same moment is one prompt, and all are told of it', async () => {
    const bench = await Workbench.open({ play: talk });
    const session = await bench.session();
    const all = await Promise.all(
      Array.from({ length: 5 }, () => bench.send(session, 'go', { id: 'p1' })),
    );
    expect(all.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(all.map(({ entry, run }) => `${entry.seq} ${run}`)).size).toBe(1);
    const other = [bench.send(session, 'a', { id: 'p2' }), bench.send(session, 'b', { id: 'p2' })];
    const [first, second] = await Promise.allSettled(other);
    expect(first).toMatchObject({ status: 'fulfilled', value: { duplicate: false } });
    expect(second).toMatchObject({ reason: { refusal: { code: 'id_reused', field: 'id' } } });
    await (await bench.watch(session)).entry('run_ended', () => true, 2);
    expect(await bench.of(session, 'prompt')).toHaveLength(2);
  });

  test('P1: what is refused is not taken for a prompt, though its id comes again in the same turn', async () => {
    const bench = await Workbench.open({ play: talk });
    const session = await bench.session();
    const refused = { id: 'p1', expectedHead: 'another' };
    const tries = [bench.send(session, 'go', refused), bench.send(session, 'go', { id: 'p1' })];
    const [first, second] = await Promise.allSettled(tries);
    expect(first).toMatchObject({ reason: { refusal: { code: 'conflict' } } });
    expect(second).toMatchObject({ value: { duplicate: false, state: 'starting' } });
    expect(await bench.of(session, 'prompt')).toHaveLength(1);
  });

  test('L3: with another content is refused', async () => {
    const bench = await Workbench.open({ play: talk });
    const session = await bench.session();
    const { entry } = await bench.send(session, 'go', { id: 'p1' });
    const refused = { refusal: { code: 'id_reused', data: { seq: entry.seq } } };
    await expect(bench.send(session, 'stay', { id: 'p1' })).rejects.toMatchObject(refused);
    await expect(bench.send(session, 'go', { id: 'p1', timeoutMs: 5 })).rejects.toMatchObject(
      refused,
    );
    expect(await bench.of(session, 'prompt')).toHaveLength(1);
  });

  test('P1 L3: in two sessions is a prompt of each, also after a restart', async () => {
    const bench = await Workbench.open({ play: talk });
    const sessions = [await bench.session(), await bench.session()];
    for (const session of sessions) {
      expect(await bench.send(session, 'go', { id: 'p1' })).not.toMatchObject({ duplicate: true });
      await (await bench.watch(session)).entry('run_ended');
    }
    await bench.boot();
    for (const session of sessions) {
      expect(await bench.send(session, 'go', { id: 'p1' })).toMatchObject({ duplicate: true });
      expect(await bench.of(session, 'delivery')).toMatchObject([{ about: 'p1' }]);
      expect(await bench.of(session, 'message')).toHaveLength(1);
    }
    expect(bench.hosts.launched).toHaveLength(2);
  });

  test('P1: of a steer that was queued or interrupted instead is the same prompt', async () => {
    const bench = await Workbench.open({ play: wait });
    const session = await bench.session();
    const steer = { delivery: 'steer', allowInterrupt: true } as const;
    await bench.send(session, 'go', { id: 'p1', ...steer });
    expect(await bench.send(session, 'go', { id: 'p1', ...steer })).toMatchObject({
      duplicate: true,
    });
    await (await bench.watch(session)).entry('delivery');
    await bench.send(session, 'other', { id: 'p2', ...steer });
    expect(await bench.send(session, 'other', { id: 'p2', ...steer })).toMatchObject({
      duplicate: true,
    });
  });

  test('P1: of a session that is created twice at once is one session with one prompt', async () => {
    const bench = await Workbench.open({ play: talk });
    const input = { id: 's1', changes: {}, prompt: { id: 'p1', content: words('go') } };
    const both = await Promise.allSettled([
      bench.engine.create(input, by),
      bench.engine.create(input, by),
    ]);
    expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
    const again = await bench.engine.create(input, by);
    expect(again).toMatchObject({ created: false, prompt: { id: 'p1' } });
    expect(await bench.of('s1', 'prompt')).toHaveLength(1);
    expect(await bench.of('s1', 'settings')).toHaveLength(1);
  });
});

test('P2 P3: prompts that wait survive restarts in their order, and each is delivered once', async () => {
  const gates = new Map<string, () => void>();
  const bench = await Workbench.open({
    play: (turn) => {
      turn.say(turn.text);
      return new Promise((resolve) => gates.set(turn.text, resolve));
    },
  });
  const session = await bench.session('0');
  await (await bench.watch(session)).entry('delivery');
  for (const text of ['1', '2', '3']) await bench.send(session, text);
  for (const text of ['0', '1', '2', '3']) {
    await bench.boot();
    const watch = await bench.watch(session);
    await watch.entry('delivery', () => true, Number(text) + 1);
    gates.get(text)!();
  }
  const watch = await bench.watch(session);
  await watch.entry('run_ended', () => true, 4);
  const said = (await bench.of(session, 'message')).map(({ data }) => data.content);
  expect(said).toEqual(['0', '1', '2', '3'].map(words));
});

test('R1 L2: a session at work takes prompts one after another, and its log is whole', async () => {
  const bench = await Workbench.open({ play: talk });
  const session = await bench.session();
  await Promise.all(Array.from({ length: 20 }, (_, at) => bench.send(session, `prompt ${at}`)));
  const watch = await bench.watch(session);
  await watch.entry('run_ended', () => true, 20);
  const state = (await bench.store.load(session))!;
  expect(state.lastSeq).toBe((await bench.log(session)).length);
  expect(bench.hosts.launched).toHaveLength(1);
  expect(await bench.store.check(session)).toEqual([]);
});

test('L1 P1: no prompt is answered or shown before it is stored, and each answer has the seq of its own', async () => {
  const real = await memoryStore();
  const gate = new Gate();
  let shut = false;
  const store = storeWith(real, () => ({
    append: async (batches) => {
      if (shut) await gate.pass();
      return real.append(batches);
    },
  }));
  const bench = await Workbench.open({ store, play: talk });
  const session = await bench.session();
  const watch = await bench.watch(session);
  shut = true;
  let answered = 0;
  const sent = Array.from({ length: 20 }, async (_, at) => {
    const { entry } = await bench.send(session, `prompt ${at}`, { id: `p${at}` });
    answered += 1;
    return entry.seq;
  });
  await gate.reached;
  // Whatever could go on without the store has gone on.
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect([answered, watch.entries.filter(({ kind }) => kind === 'prompt')]).toEqual([0, []]);
  shut = false;
  gate.open();
  const seqs = await Promise.all(sent);
  await watch.entry('run_ended', () => true, 20);
  const stored = new Map((await bench.of(session, 'prompt')).map(({ id, seq }) => [id, seq]));
  expect(seqs).toEqual(seqs.map((_, at) => stored.get(`p${at}`)));
  expect(new Set(seqs).size).toBe(20);
  await bench.engine.shutdown('stop');
  bench.life.kill();
  await real.close();
});
