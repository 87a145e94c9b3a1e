import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { LaunchError } from '../../src/ports/hosts.ts';
import { type FakeAgent, plainAgent, type Turn } from '../../src/testing/index.ts';
import { Workbench } from './workbench.ts';

const talk = (turn: Turn): void => turn.say('hello');

/** The agent of the first host, of the second, and so on; the last one for all that follow. */
function inTurn(...agents: (FakeAgent | LaunchError)[]): () => FakeAgent {
  return () => {
    const next = agents.length > 1 ? agents.shift()! : agents[0]!;
    if (next instanceof LaunchError) throw next;
    return next;
  };
}

const good = plainAgent(talk);
const mute = plainAgent(talk, { onOpen: () => undefined });
const refusing = plainAgent(talk, {
  onOpen: (process) => {
    const error = { category: 'auth', message: 'log in first' };
    process.print(JSON.stringify({ type: 'open_failed', error }));
  },
});
const dying: FakeAgent = (process) => {
  process.stderr = 'no such option';
  process.exit(64);
};
const howTo = 'there is no such program; to install it: part of the tests';
const missing = new LaunchError('missing-program', 'there is no such program');

describe('a host that does not come up', () => {
  test.each([
    ['a missing program', missing, { category: 'launch', message: howTo }],
    ['an agent that cannot open', refusing, { category: 'auth', message: 'log in first' }],
    ['an agent that exits at once', dying, { category: 'launch' }],
  ])(
    'R3 P3: for %s: the run fails, the prompt waits, and the next send works',
    async (_, first, error) => {
      const bench = await Workbench.open({ agent: inTurn(first, good) });
      const session = await bench.session('one');
      const watch = await bench.watch(session);
      const ended = await watch.entry('run_ended');
      expect(ended.data).toMatchObject({ outcome: 'failed', error });
      expect((await bench.engine.get(session)).row).toMatchObject({ queued: 1, held: true });
      const again = await bench.send(session, 'two');
      await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
      const delivered = (await bench.of(session, 'delivery')).map(({ about }) => about);
      const [one] = await bench.of(session, 'prompt');
      expect(new Set(delivered)).toEqual(new Set([one!.id, again.entry.id]));
      expect(delivered).toHaveLength(2);
      expect((await bench.engine.get(session)).row).toMatchObject({ queued: 0, held: false });
    },
  );

  test('R3: an agent that never says that it is open is ended after its deadline', async () => {
    const bench = await Workbench.open({ agent: inTurn(mute, good) });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await bench.clock.armed(limits.openMs);
    bench.clock.advance(limits.openMs);
    expect((await watch.entry('run_ended')).data).toMatchObject({
      outcome: 'failed',
      error: { category: 'launch' },
    });
    expect(bench.hosts.alive).toEqual([]);
  });

  test('R7: one whose machine restarted has a lost run', async () => {
    const bench = await Workbench.open({
      play: async (turn) => {
        turn.say('half');
        await new Promise(() => undefined);
      },
    });
    const session = await bench.session('one');
    await (await bench.watch(session)).entry('delivery');
    bench.hosts.reboot();
    bench.life.kill();
    await bench.boot();
    const watch = await bench.watch(session);
    expect((await watch.entry('run_ended')).data.outcome).toBe('lost');
    expect(await bench.of(session, 'message')).toMatchObject([{ data: { incomplete: true } }]);
  });
});

describe('a native session', () => {
  test('R10: is opened again in the next host, and a failed resume does not forget it', async () => {
    const opens: (string | null)[] = [];
    const noting =
      (agent: FakeAgent): FakeAgent =>
      (process) => {
        const line = process.line.bind(process);
        process.line = async () => {
          const text = await line();
          const command = JSON.parse(text) as { type: string; nativeId: string | null };
          if (command.type === 'open') opens.push(command.nativeId);
          return text;
        };
        return agent(process);
      };
    const bench = await Workbench.open({
      agent: inTurn(noting(good), noting(refusing), noting(good)),
    });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    bench.hosts.alive[0]!.exit(0);
    await watch.entry('host', ({ data }) => data.state === 'ended');
    await bench.send(session, 'two');
    expect((await watch.entry('run_ended', () => true, 2)).data.outcome).toBe('failed');
    expect((await bench.engine.get(session)).row.nativeId).toBe('native-1');
    await bench.send(session, 'three');
    await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
    expect(opens).toEqual([null, 'native-1', 'native-1']);
    const opened = (await bench.of(session, 'host')).filter(({ data }) => data.state === 'opened');
    expect(opened.map(({ data }) => data.resumed)).toEqual([false, true]);
  });
});
