import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { plainAgent, type Turn } from '../../src/testing/index.ts';
import { asking } from './asking.ts';
import { storeWith } from './store-with.ts';
import { by, memoryStore, Workbench } from './workbench.ts';

const obedient = async (turn: Turn): Promise<void> => {
  turn.say('working');
  await turn.cancelled;
  turn.end('cancelled');
};
const deaf = plainAgent(async (turn) => {
  turn.say('working');
  await new Promise(() => undefined);
});

async function working(bench: Workbench): Promise<string> {
  const session = await bench.session('go');
  await (await bench.watch(session)).entry('delivery');
  return session;
}

describe('the end of a daemon', () => {
  test('R8: by stop ends runs and hosts, and says which', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await working(bench);
    const idle = await bench.session();
    const { activeRun } = (await bench.engine.get(session)).row;
    const said = await bench.engine.shutdown('stop');
    expect(said).toEqual([{ session, run: activeRun!.id, outcome: 'cancelled' }]);
    expect(bench.hosts.alive).toEqual([]);
    expect((await bench.log(session)).at(-1)).toMatchObject({
      kind: 'host',
      data: { state: 'ended' },
    });
    expect(await bench.store.openHosts()).toEqual([]);
    const refused = { refusal: { code: 'unavailable' } };
    await expect(bench.send(idle, 'more')).rejects.toMatchObject(refused);
  });

  test('R8: by stop is done within its deadline where an agent ignores signals', async () => {
    const bench = await Workbench.open({
      agent: () => (process) => {
        process.ignoresTerm = true;
        return deaf(process);
      },
    });
    const session = await working(bench);
    const over = bench.engine.shutdown('stop');
    await bench.clock.armed(limits.cancelMs);
    bench.clock.advance(limits.cancelMs);
    await bench.clock.armed(limits.terminateMs);
    bench.clock.advance(limits.terminateMs);
    expect(await over).toMatchObject([{ session, outcome: 'killed' }]);
    expect(bench.hosts.alive).toEqual([]);
  });

  test('R8 R7: by detach leaves hosts at work, and the next daemon goes on with them', async () => {
    const gate = Promise.withResolvers<void>();
    const bench = await Workbench.open({
      play: async (turn) => {
        turn.say('one ');
        await gate.promise;
        turn.say('two');
      },
    });
    const session = await working(bench);
    const { activeRun } = (await bench.engine.get(session)).row;
    const said = await bench.engine.shutdown('detach');
    expect(said).toEqual([{ session, run: activeRun!.id, outcome: null }]);
    expect(bench.hosts.alive).toHaveLength(1);
    gate.resolve();
    await bench.boot();
    await bench.engine.recovered;
    expect(bench.engine.started).toMatchObject({ continued: 1, lost: 0, setAside: [] });
    const watch = await bench.watch(session);
    expect((await watch.entry('run_ended')).data).toMatchObject({
      outcome: 'completed',
      answer: { text: 'one two' },
    });
    expect(bench.hosts.launched).toHaveLength(1);
  });

  test('R8: by stop ends a host too whose prompt was just accepted', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await bench.session();
    const sent = bench.send(session, 'go');
    while (!bench.life.trace.slice(-1).includes('append')) await Promise.resolve();
    const over = bench.engine.shutdown('stop');
    const { run } = await sent;
    expect(await over).toMatchObject([{ session, run }]);
    expect(bench.hosts.alive).toEqual([]);
    expect(await bench.store.openHosts()).toEqual([]);
  });

  test('P3: by stop holds what waits, and the next daemon does not begin it by itself', async () => {
    const bench = await Workbench.open({ play: obedient });
    const session = await working(bench);
    await bench.send(session, 'later');
    await bench.engine.shutdown('stop');
    await bench.boot();
    await bench.engine.recovered;
    expect((await bench.engine.get(session)).row).toMatchObject({
      queued: 1,
      held: true,
      status: 'idle',
    });
    expect(bench.hosts.alive).toEqual([]);
  });
});

describe('the end by stop of a daemon whose store', () => {
  const refusal = { code: 'unavailable', message: 'The disk is full.' } as const;
  const cases = [
    ['refuses everything', 0, null],
    ['refuses everything while much is unread', 2000, null],
    ['breaks at everything', 0, new Error('no answer')],
    ['breaks at everything while much is unread', 2000, new Error('no answer')],
  ] as const;
  test.each(cases)('R8 L9: %s ends the hosts within its deadlines', async (_, unread, trouble) => {
    const real = await memoryStore();
    let away = false;
    const store = storeWith(real, () => ({
      append: async (batches) => {
        if (!away) return real.append(batches);
        if (trouble !== null) throw trouble;
        return batches.map(() => ({ status: 'refused', refusal }));
      },
    }));
    const bench = await Workbench.open({ store, agent: () => deaf });
    const session = await working(bench);
    const idle = await bench.session();
    away = true;
    const [process] = bench.hosts.processes.values();
    for (let at = 0; at < unread; at++) {
      process!.print(JSON.stringify({ type: 'notice', code: 'c', text: `${at}` }));
    }
    const over = bench.engine.shutdown('stop');
    let ended = false;
    void over.then(() => (ended = true));
    // Its steps have 15 s each: for the host's end, and for the end to be stored.
    await Promise.race([over, bench.clock.armed(15_000)]);
    while (bench.hosts.alive.length > 0 && bench.clock.monotonic() < 15_000) {
      await bench.store.load(idle);
      bench.clock.advance(1000);
    }
    expect(bench.hosts.alive).toEqual([]);
    while (!ended && bench.clock.monotonic() < 45_000) {
      await bench.store.load(idle);
      bench.clock.advance(1000);
    }
    expect(await over).toMatchObject([{ session, outcome: null }]);
    away = false;
    await bench.boot();
    await bench.engine.recovered;
    expect((await bench.engine.get(session)).row).toMatchObject({ status: 'idle' });
    expect((await bench.of(session, 'run_ended')).length).toBe(1);
    await bench.engine.shutdown('stop');
    bench.life.kill();
    await real.close();
  });
});

test.each(['load', 'getBlob'] as const)(
  'R8 R1: by stop refuses what is being created when it begins, at its %s',
  async (held) => {
    const real = await memoryStore();
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const pass = async (): Promise<void> => {
      reached.resolve();
      await gate.promise;
    };
    const store = storeWith(real, () => ({
      load: async (session) => {
        if (held === 'load') await pass();
        return real.load(session);
      },
      getBlob: async (digest) => {
        await pass();
        return real.getBlob(digest);
      },
    }));
    const bench = await Workbench.open({ store, play: obedient });
    const blob = await real.putBlob(new TextEncoder().encode('go'));
    const prompt = { content: [{ type: 'text' as const, text: '', blob }] };
    const creating = bench.engine
      .create({ changes: {}, prompt }, by)
      .catch((error: unknown) => error);
    await reached.promise;
    const over = bench.engine.shutdown('stop');
    await new Promise((resolve) => setTimeout(resolve, 20));
    gate.resolve();
    expect(await creating).toMatchObject({ refusal: { code: 'unavailable' } });
    await over;
    expect(bench.hosts.launched).toEqual([]);
    bench.life.kill();
    await real.close();
  },
);

test('R8 R1: by stop ends what began while its prompt was being stored', async () => {
  const real = await memoryStore();
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const store = storeWith(real, () => ({
    putBlob: async (bytes, digest) => {
      reached.resolve();
      await gate.promise;
      return real.putBlob(bytes, digest);
    },
  }));
  const bench = await Workbench.open({ store, play: obedient });
  const prompt = { content: [{ type: 'text' as const, text: 'go '.repeat(40_000) }] };
  const creating = bench.engine.create({ changes: {}, prompt }, by);
  await reached.promise;
  const over = bench.engine.shutdown('stop');
  await bench.clock.armed(15_000);
  gate.resolve();
  const { row } = await creating;
  expect(await over).toMatchObject([{ session: row.id, outcome: 'cancelled' }]);
  expect(bench.hosts.alive).toEqual([]);
  bench.life.kill();
  await real.close();
});

test('R8 A2: who waits for an answer is told that the question is open, and holds up no end', async () => {
  const bench = await Workbench.open({
    play: async (turn) => {
      turn.say('at it');
      await turn.cancelled;
    },
  });
  const session = await bench.session('go');
  await (await bench.watch(session)).entry('delivery');
  const answer = bench.engine.approvals.request(session, asking('q', null, 60_000), by);
  await (await bench.watch(session)).entry('approval');
  await bench.engine.shutdown('detach');
  expect(await answer).toMatchObject({ approval: { id: 'q' }, decision: null });
  await bench.boot();
  await bench.engine.recovered;
  expect(await bench.engine.approvals.request(session, asking('q'), by)).toMatchObject({
    duplicate: true,
    decision: null,
  });
});

test('R8: no timer of a daemon outlives it, whatever works on without it', async () => {
  const play = async (turn: Turn): Promise<void> => {
    turn.say('done');
    if (turn.text === 'go') await turn.cancelled;
  };
  const bench = await Workbench.open({ play, idleMs: 1_000_000 });
  const armed = new Set<number>();
  const { clock } = bench;
  const after = clock.after.bind(clock);
  clock.after = (ms, call) => {
    const due = (): void => {
      armed.delete(ms);
      call();
    };
    const cancel = after(ms, due);
    armed.add(ms);
    return () => {
      armed.delete(ms);
      cancel();
    };
  };
  const idle = await bench.session('rest');
  await (await bench.watch(idle)).entry('run_ended');
  const session = await bench.session();
  await bench.send(session, 'go', { timeoutMs: 2_000_000 });
  await (await bench.watch(session)).entry('delivery');
  const policy = { answerMs: 3_000_000, bypassUntil: new Date(clock.now() + 50_000).toISOString() };
  await bench.engine.patch(session, { changes: {}, policy }, by);
  const long = [limits.stallMs, 1_000_000, 2_000_000, 50_000];
  expect([...armed]).toEqual(expect.arrayContaining(long));
  await bench.engine.shutdown('detach');
  expect([...armed].filter((ms) => long.includes(ms))).toEqual([]);
});
