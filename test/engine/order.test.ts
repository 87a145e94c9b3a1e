import { describe, expect, test } from 'vitest';
import { FeedHub } from '../../src/engine/feed-hub.ts';
import { emptySession } from '../../src/domain/session-state.ts';
import { testClock } from '../../src/testing/index.ts';
import { TurnBudget } from '../../src/engine/turn-budget.ts';
import { deaf, Gate, held } from './agents.ts';
import { openStore } from '../../src/store/open.ts';
import { tempDir } from '../store/sample.ts';
import { storeWith } from './store-with.ts';
import { Subscriber } from './subscriber.ts';
import { memoryStore, Workbench } from './workbench.ts';

describe('commands', () => {
  test('L2 P1: keep their order, and each waits for what the agent had written when it came', async () => {
    const real = await memoryStore();
    const gate = new Gate();
    let shut = false;
    const store = storeWith(real, () => ({
      append: async (batches) => {
        if (shut) await gate.pass();
        return real.append(batches);
      },
    }));
    const agent = held();
    const bench = await Workbench.open({ store, play: agent.play });
    const session = await bench.session('go');
    const turn = await agent.begun;
    const watch = await bench.watch(session);
    const say = (from: number): void => {
      const lines = Array.from({ length: 600 }, (_, at) =>
        JSON.stringify({ type: 'notice', code: 'c', text: `${from + at}` }),
      );
      turn.process.print(lines.join('\n'));
    };
    turn.say('working');
    await watch.entry('delivery');
    shut = true;
    say(0);
    const sent = [bench.send(session, 'a', { id: 'a' }), bench.send(session, 'b', { id: 'b' })];
    await gate.reached;
    // These come while the others wait.
    say(600);
    sent.push(bench.send(session, 'c', { id: 'c' }), bench.send(session, 'd', { id: 'd' }));
    shut = false;
    gate.open();
    await Promise.all(sent);
    await watch.entry('prompt', ({ id }) => id === 'd');
    const log = watch.entries;
    const prompts = log.filter(({ kind, id }) => kind === 'prompt' && id.length === 1);
    expect(prompts.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    const noticesBefore = prompts.map(
      ({ seq }) => log.filter((entry) => entry.kind === 'notice' && entry.seq < seq).length,
    );
    expect(noticesBefore[0]).toBeGreaterThanOrEqual(600);
    expect(noticesBefore[0]).toBeLessThan(1200);
    expect(noticesBefore.slice(2)).toEqual([1200, 1200]);
    agent.end();
    await bench.engine.shutdown('stop');
    bench.life.kill();
    await real.close();
  });

  test('R7: an urgent one does not swallow the wake of the host that ended', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    await watch.entry('delivery');
    const [process] = bench.hosts.processes.values();
    const gate = new Gate();
    let shut = true;
    bench.hosts.before = async ({ name }) => {
      if (name !== 'read' || !shut) return;
      shut = false;
      await gate.pass();
    };
    // The actor looks at the spool; meanwhile the agent ends, and somebody aborts what is no run.
    process!.write(new Uint8Array(0));
    await gate.reached;
    process!.exit(1);
    const asked = bench.abort(session, { run: 'another' });
    for (let ticks = 0; ticks < 20; ticks++) await Promise.resolve();
    gate.open();
    expect(await asked).toMatchObject({ status: 'no-active-run' });
    expect((await watch.entry('run_ended')).data).toMatchObject({ outcome: 'failed' });
  });
});

test('L1 L2: of 100 sessions whose agents write at once every line is stored, once and in its order', async () => {
  const { dir, remove } = tempDir();
  const fatal: Error[] = [];
  const store = await openStore({ dir, onFatal: (error) => void fatal.push(error) });
  const lines = Array.from({ length: 30 }, (_, at) => `line ${at}`);
  const bench = await Workbench.open({
    store,
    play: async (turn) => {
      for (const text of lines) {
        turn.print({ type: 'notice', code: 'c', text });
        await new Promise(setImmediate);
      }
    },
  });
  const sessions = await Promise.all(Array.from({ length: 100 }, () => bench.session('go')));
  const watches = await Promise.all(sessions.map((session) => bench.watch(session)));
  await Promise.all(watches.map((watch) => watch.entry('run_ended')));
  for (const [at, session] of sessions.entries()) {
    const log = await bench.log(session);
    const said = log.flatMap((entry) => (entry.kind === 'notice' ? [entry.data.text] : []));
    expect(said).toEqual(lines);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
    expect(watches[at]!.entries).toEqual(log);
  }
  expect(await store.check()).toEqual([]);
  expect([fatal, bench.logged]).toEqual([[], []]);
  await bench.engine.shutdown('stop');
  bench.life.kill();
  await store.close();
  remove();
});

test('L8 V6: a flood of empty lines is read once, and cut a bounded number of lines at a time', async () => {
  const lines = 200_000;
  const agent = held();
  const bench = await Workbench.open({ play: agent.play });
  const session = await bench.session('go');
  const watch = await bench.watch(session);
  const turn = await agent.begun;
  turn.say('working');
  await watch.entry('delivery');
  let reads = 0;
  bench.hosts.before = ({ name }) => void (reads += name === 'read' ? 1 : 0);
  const calls = bench.life.trace.length;
  turn.process.write(new Uint8Array(lines).fill(0x0a));
  turn.print({ type: 'notice', code: 'c', text: 'after it' });
  await watch.entry('notice');
  // A chunk is cut in pieces of some thousand lines, each read by itself, and none of it is stored.
  expect(reads).toBeGreaterThan(lines / 10_000);
  expect(reads).toBeLessThan(lines / 1000);
  const appends = bench.life.trace.slice(calls).filter((name) => name === 'append');
  expect(appends.length).toBeLessThan(5);
  agent.end();
  await watch.entry('run_ended');
});

describe('a page that cannot be read', () => {
  test('V1 V4: does not end a feed: it is read again, and everything comes once', async () => {
    const real = await memoryStore();
    let failures = 0;
    const store = storeWith(real, () => ({
      historyText: async (query) => {
        if (failures > 0) {
          failures -= 1;
          throw new Error('the disk is away');
        }
        return real.historyText(query);
      },
    }));
    const agent = held();
    const bench = await Workbench.open({ store, play: agent.play });
    const session = await bench.session('go');
    const turn = await agent.begun;
    const watch = await bench.watch(session);
    for (let at = 0; at < 700; at++) turn.print({ type: 'notice', code: 'c', text: `${at}` });
    await watch.entry('notice', () => true, 700);
    failures = 3;
    const reader = new Subscriber();
    await reader.connect(bench, session);
    for (let again = 0; again < 3; again++) {
      await bench.clock.armed(500);
      turn.print({ type: 'notice', code: 'd', text: `${again}` });
      bench.clock.advance(500);
    }
    await reader.until(() => reader.states.at(-1) === 'live');
    agent.end();
    await reader.until(() => reader.entries.some(({ kind }) => kind === 'run_ended'));
    expect(reader.entries).toEqual((await bench.log(session)).slice(0, reader.entries.length));
    await bench.engine.shutdown('stop');
    bench.life.kill();
    await real.close();
  });

  test('V1 V2: of its open approvals leaves no subscriber behind', async () => {
    const real = await memoryStore();
    let away = true;
    const entry = async (): Promise<undefined> => {
      if (away) throw new Error('the disk is away');
      return undefined;
    };
    const store = storeWith(real, () => ({ entry }));
    const hub = new FeedHub('s', 0, {
      store,
      clock: testClock(),
      budget: new TurnBudget(testClock()),
    });
    const open = {
      id: 'a',
      kind: 'approval',
      request: 1,
      run: null,
      title: 't',
      options: [],
      at: '2026-01-01T00:00:00.000Z',
    } as const;
    const state = { ...emptySession('s'), approvals: [open] };
    const sink = {
      closed: false,
      send: () => undefined,
      buffered: () => 0,
      drained: async () => {},
    };
    await expect(hub.open({ state, grip: null }, {}, sink)).rejects.toThrow('away');
    expect(hub.subscribers).toBe(0);
    away = false;
    const opened = await hub.open({ state, grip: null }, {}, sink);
    expect(hub.subscribers).toBe(1);
    opened.close();
    expect(hub.subscribers).toBe(0);
    await real.close();
  });
});
