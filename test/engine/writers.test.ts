import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../src/domain/refusal.ts';
import { rebuild } from '../../src/engine/registry.ts';
import type { AppendBatch, Store, Verdict } from '../../src/ports/store.ts';
import { plainDriver } from '../../src/testing/index.ts';
import { Gate, held, obedient } from './agents.ts';
import { storeWith } from './store-with.ts';
import { by, memoryStore, Workbench, words } from './workbench.ts';

const full: Refusal = { code: 'unavailable', message: 'The disk is full.' };
const unloadMs = 90_000;

/** Notes every batch and what became of it; `trouble` may refuse it or break. */
function noted(
  store: Store,
  trouble: () => Refusal | Error | null = () => null,
): { store: Store; batches: AppendBatch[]; verdicts: Verdict[] } {
  const batches: AppendBatch[] = [];
  const verdicts: Verdict[] = [];
  const append = async (given: readonly AppendBatch[]): Promise<readonly Verdict[]> => {
    batches.push(...given);
    const wrong = trouble();
    if (wrong instanceof Error) throw wrong;
    if (wrong !== null) return given.map(() => ({ status: 'refused', refusal: wrong }));
    const answer = await store.append(given);
    verdicts.push(...answer);
    return answer;
  };
  return { store: storeWith(store, () => ({ append })), batches, verdicts };
}

async function ended(bench: Workbench, store: Store): Promise<void> {
  await bench.engine.shutdown('stop');
  bench.life.kill();
  await store.close();
}

describe('the one writer of a session', () => {
  test('L4: says with every batch where the log is', async () => {
    const real = await memoryStore();
    const { store, batches } = noted(real);
    const bench = await Workbench.open({ store, play: (turn) => turn.say('hello') });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('run_ended');
    let seq = 0;
    for (const batch of batches) {
      expect(batch.expect).toEqual({ seq });
      seq += batch.entries.length;
    }
    expect(seq).toBeGreaterThan(5);
    await ended(bench, real);
  });

  test('L4 R1: is not joined by a second one: what that wants is refused, and no state is overwritten', async () => {
    const store = await memoryStore();
    const first = await Workbench.open({ store, play: obedient, seed: 'a' });
    const session = await first.session();
    const second = await Workbench.open({ store, play: obedient, seed: 'b' });
    await second.engine.get(session);
    const { run } = await first.send(session, 'one');
    const late = second.send(session, 'two');
    await expect(late).rejects.toMatchObject({ refusal: { code: 'conflict' } });
    expect(second.hosts.launched).toEqual([]);
    await (await first.watch(session)).entry('delivery');
    expect(await first.of(session, 'prompt')).toHaveLength(1);
    const state = JSON.parse((await store.load(session))!.state) as { run: { id: string } };
    expect(state).toEqual(await rebuild(session, store));
    expect(state.run.id).toBe(run);
    second.life.kill();
    await ended(first, store);
  });

  test.each([
    ['refuses', full],
    ['breaks', new Error('no answer')],
  ])('L9 R7 R1: does not go on where its load fails, as the store %s', async (_how, trouble) => {
    const real = await memoryStore();
    let away = false;
    const { store, verdicts } = noted(real, () => (away ? trouble : null));
    const agent = held();
    const bench = await Workbench.open({ store, play: agent.play });
    const session = await bench.session('go');
    const turn = await agent.begun;
    turn.print({ type: 'notice', code: 'one', text: 'before' });
    await (await bench.watch(session)).entry('notice');
    bench.life.kill();
    turn.print({ type: 'notice', code: 'two', text: 'nobody is there' });
    away = true;
    await bench.boot();
    await bench.engine.recovered;
    expect(bench.engine.started.setAside).toMatchObject([{ session }]);
    away = false;
    verdicts.length = 0;
    const watch = await bench.watch(session);
    // What the first load left would try again now.
    bench.clock.advance(1000);
    turn.print({ type: 'notice', code: 'three', text: 'and on' });
    agent.end();
    await watch.entry('run_ended');
    expect(
      watch.entries.flatMap((entry) => (entry.kind === 'notice' ? entry.data.code : [])),
    ).toEqual(['one', 'two', 'three']);
    expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['stored']));
    expect(bench.logged.filter(({ event }) => event === 'actor.fenced')).toEqual([]);
    await ended(bench, real);
  });

  test('L9 R7: is loaded again when the store is back, so that its run ends where nobody asks', async () => {
    const real = await memoryStore();
    let away = false;
    const { store } = noted(real, () => (away ? full : null));
    const agent = held();
    const bench = await Workbench.open({ store, play: agent.play });
    const session = await bench.session('go');
    const turn = await agent.begun;
    turn.say('half');
    await (await bench.watch(session)).entry('delivery');
    bench.life.kill();
    turn.process.exit(1);
    away = true;
    await bench.boot();
    await bench.engine.recovered;
    expect(bench.engine.started.setAside).toMatchObject([{ session }]);
    // Still away at the first try; the timers of the failed load ring too.
    await bench.clock.armed(1000);
    bench.clock.advance(1000);
    await bench.clock.armed(1000);
    away = false;
    while ((await bench.of(session, 'run_ended')).length === 0) bench.clock.advance(1000);
    expect(await bench.of(session, 'host')).toMatchObject([{}, {}, { data: { state: 'ended' } }]);
    await ended(bench, real);
  });

  test.each(['create', 'send'] as const)(
    'L4 R1: is not unloaded while the blob of a %s is stored',
    async (what) => {
      const real = await memoryStore();
      const gate = new Gate();
      let shut = false;
      const store = storeWith(real, () => ({
        putBlob: async (bytes) => {
          if (shut) await gate.pass();
          return real.putBlob(bytes);
        },
      }));
      const agent = held();
      const bench = await Workbench.open({ store, play: agent.play });
      if (what === 'send') await bench.engine.create({ id: 's', changes: {} }, by);
      shut = true;
      const long = 'x'.repeat(100_000);
      const prompt = { content: words(long) };
      const under =
        what === 'create'
          ? bench.engine.create({ id: 's', changes: {}, prompt }, by)
          : bench.send('s', long);
      await gate.reached;
      for (let times = 0; times < 3; times++) {
        await bench.clock.armed(unloadMs);
        bench.clock.advance(unloadMs);
      }
      await bench.clock.armed(unloadMs);
      gate.open();
      await under;
      const turn = await agent.begun;
      const watch = await bench.watch('s');
      turn.print({ type: 'notice', code: 'c', text: 'once' });
      agent.end();
      await watch.entry('run_ended');
      expect(await bench.of('s', 'notice')).toHaveLength(1);
      // A second actor would have looked for the host of the first.
      expect(bench.life.trace).not.toContain('recover');
      expect(bench.logged.filter(({ event }) => event === 'actor.fenced')).toEqual([]);
      await ended(bench, real);
    },
  );
});

describe('two creations at once', () => {
  test('P1 L3: with one id: one creates, the other finds it, and the prompt is sent once', async () => {
    const bench = await Workbench.open({ play: (turn) => turn.say('hello') });
    const input = { id: 's', changes: {}, prompt: { id: 'p', content: words('go') } };
    const all = await Promise.all([1, 2, 3].map(() => bench.engine.create(input, by)));
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(
      new Set(all.map(({ row, prompt }) => `${row.id} ${prompt!.id} ${prompt!.seq}`)).size,
    ).toBe(1);
    await (await bench.watch('s')).entry('run_ended');
    expect(await bench.of('s', 'prompt')).toHaveLength(1);
    expect(await bench.of('s', 'delivery')).toHaveLength(1);
  });

  test('L3: with one key: one creates, and the other finds it', async () => {
    const bench = await Workbench.open();
    const key = 'agent:plain:k';
    const both = await Promise.all([1, 2].map(() => bench.engine.create({ changes: { key } }, by)));
    expect(both.filter(({ created }) => created)).toHaveLength(1);
    expect(both[0]!.row.id).toBe(both[1]!.row.id);
    expect((await bench.store.sessions({ sort: 'activity', limit: 10 })).rows).toHaveLength(1);
  });

  test('L3: with one id for other directories: one creates, the other is refused', async () => {
    const bench = await Workbench.open();
    const create = (cwd: string) => bench.engine.create({ id: 's', changes: { cwd } }, by);
    const both = await Promise.allSettled([create('/one'), create('/two')]);
    expect(both).toMatchObject([
      { status: 'fulfilled', value: { created: true } },
      { status: 'rejected', reason: { refusal: { code: 'conflict', field: 'id' } } },
    ]);
  });

  test('L3: with one id for other agents: one creates, the other is refused', async () => {
    const other = plainDriver({ profile: { name: 'other' } });
    const bench = await Workbench.open({ others: [other] });
    const create = (agent: string) => bench.engine.create({ id: 's', changes: { agent } }, by);
    const both = await Promise.allSettled([create('other'), create('plain')]);
    expect(both).toMatchObject([
      { status: 'fulfilled', value: { row: { agent: 'other' } } },
      { status: 'rejected', reason: { refusal: { code: 'conflict', data: { agent: 'other' } } } },
    ]);
  });

  test('L9: one that the store refuses leaves nothing behind, and the next one creates', async () => {
    const real = await memoryStore();
    let away = true;
    const { store } = noted(real, () => (away ? full : null));
    const bench = await Workbench.open({ store });
    const create = () => bench.engine.create({ id: 's', changes: {} }, by);
    const refused = await Promise.allSettled([create(), create()]);
    for (const one of refused) {
      expect(one).toMatchObject({ reason: { refusal: { code: 'unavailable' } } });
    }
    away = false;
    expect(await create()).toMatchObject({ created: true });
    await ended(bench, real);
  });

  test('L3: one is not disturbed by somebody who asks for the session meanwhile', async () => {
    const bench = await Workbench.open();
    const asked: Promise<unknown>[] = [];
    const created = bench.engine.create({ id: 's', changes: {} }, by);
    for (let tick = 0; tick < 40; tick++) {
      asked.push(bench.engine.get('s').catch(() => null));
      await Promise.resolve();
    }
    expect(await created).toMatchObject({ created: true });
    await Promise.all(asked);
    expect((await bench.engine.get('s')).row.id).toBe('s');
  });
});
