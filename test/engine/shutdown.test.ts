import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { plainAgent, type Turn } from '../../src/testing/index.ts';
import { Workbench } from './workbench.ts';

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
