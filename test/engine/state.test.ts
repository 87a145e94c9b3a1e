import { describe, expect, test } from 'vitest';
import { rebuild } from '../../src/engine/registry.ts';
import type { LoadedSession, Store } from '../../src/ports/store.ts';
import type { Turn } from '../../src/testing/index.ts';
import { memoryStore, Workbench } from './workbench.ts';

/** A store that gives some sessions another state than it has. */
function altered(store: Store, alter: (loaded: LoadedSession) => LoadedSession): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'load') return member.bind(target) as unknown;
      return async (session: string) => {
        const loaded = await target.load(session);
        return loaded && alter(loaded);
      };
    },
  });
}

const busy = async (turn: Turn): Promise<void> => {
  turn.say('one');
  turn.print({
    type: 'usage',
    report: { key: 'u', tokens: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0, thought: 0 } },
  });
  turn.print({ type: 'settings', changes: { mode: 'plan' } });
  if (turn.text === 'ask') await turn.ask('may I');
};

describe('the state of a session', () => {
  test('L2: is the fold of its log, whatever it is in the middle of', async () => {
    const bench = await Workbench.open({ play: busy });
    const session = await bench.session('first');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    await bench.send(session, 'ask');
    await bench.send(session, 'queued');
    await watch.entry('approval');
    const row = (await bench.store.load(session))!;
    expect(await rebuild(session, bench.store)).toEqual(JSON.parse(row.state));
  });

  test('L2 R7: of an older version is rebuilt from the log, and the session goes on', async () => {
    const store = await memoryStore();
    const bench = await Workbench.open({ store, play: busy });
    const session = await bench.session('ask');
    const approval = (await (await bench.watch(session)).entry('approval')).id;
    const before = (await bench.engine.get(session)).row;
    await bench.boot(undefined, {
      store: altered(store, (loaded) => ({ ...loaded, stateVersion: 0, state: '{"old":true}' })),
    });
    await bench.engine.recovered;
    expect((await bench.engine.get(session)).row).toEqual(before);
    const by = { type: 'client', token: 't' } as const;
    await bench.engine.approvals.decide(session, { approval, choice: { verdict: 'allow' } }, by);
    await (await bench.watch(session)).entry('run_ended');
    await bench.engine.shutdown('stop');
    await store.close();
  });

  test('L8: that nobody can read sets its session aside, and the others serve', async () => {
    const store = await memoryStore();
    const bench = await Workbench.open({ store, play: busy });
    const bad = await bench.session('ask');
    const good = await bench.session('ask');
    for (const session of [bad, good]) await (await bench.watch(session)).entry('approval');
    await bench.boot(undefined, {
      store: altered(store, (loaded) =>
        loaded.session === bad ? { ...loaded, state: '{' } : loaded,
      ),
    });
    await bench.engine.recovered;
    expect(bench.engine.started).toMatchObject({ continued: 1, setAside: [{ session: bad }] });
    expect((await bench.engine.get(good)).row.openApprovals).toBe(1);
    await expect(bench.engine.get(bad)).rejects.toThrow();
    await bench.boot();
    await bench.engine.recovered;
    await bench.engine.shutdown('stop');
    await store.close();
  });
});

test('A2: open approvals survive a restart, and deciding one leaves the others open', async () => {
  const bench = await Workbench.open({
    play: async (turn) => {
      const answers = await Promise.all([turn.ask('one'), turn.ask('two')]);
      turn.say(answers.join());
    },
  });
  const session = await bench.session('go');
  const first = await bench.watch(session);
  const [one, two] = [await first.entry('approval'), await first.entry('approval', () => true, 2)];
  await bench.boot();
  const { snapshot } = await bench.engine.openFeed(session, {}, first);
  expect(snapshot.openApprovals.map(({ id }) => id)).toEqual([one.id, two.id]);
  const by = { type: 'client', token: 't2' } as const;
  const decide = (approval: string, option: string) =>
    bench.engine.approvals.decide(session, { approval, choice: { option } }, by);
  await decide(two.id, 'no');
  expect((await bench.engine.get(session)).row.openApprovals).toBe(1);
  await bench.boot();
  await decide(one.id, 'yes');
  await (await bench.watch(session)).entry('run_ended');
  expect(await bench.of(session, 'message')).toMatchObject([
    { data: { content: [{ text: 'yes,no' }] } },
  ]);
});

test('A1: of two that decide at once the first wins, and the second is told so', async () => {
  const bench = await Workbench.open({
    play: async (turn) => turn.say(String(await turn.ask('one'))),
  });
  const session = await bench.session('go');
  const watch = await bench.watch(session);
  const approval = (await watch.entry('approval')).id;
  const decide = (token: string, option: string) =>
    bench.engine.approvals.decide(
      session,
      { approval, choice: { option } },
      { type: 'client', token },
    );
  const [first, second] = await Promise.allSettled([decide('t1', 'yes'), decide('t2', 'no')]);
  expect(first).toMatchObject({ status: 'fulfilled', value: { outcome: 'allowed' } });
  expect(second).toMatchObject({
    reason: { refusal: { code: 'already_decided', data: { outcome: 'allowed', option: 'yes' } } },
  });
  await watch.entry('run_ended');
  expect(await bench.of(session, 'decision')).toHaveLength(1);
});
