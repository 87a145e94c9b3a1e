import { describe, expect, test } from 'vitest';
import { idPattern } from '../../src/domain/entry.ts';
import { limits } from '../../src/domain/limits.ts';
import { plainAgent, type Turn } from '../../src/testing/index.ts';
import { deaf, given, held, kept } from './agents.ts';
import { by, type Watch, Workbench } from './workbench.ts';

const hostEnded = (watch: Watch, nth = 1) =>
  watch.entry('host', ({ data }) => data.state === 'ended', nth);

describe('an approval that was asked after the end of its turn', () => {
  const asking = (turn: Turn): void => {
    turn.end('completed');
    const options = [{ id: 'yes', name: 'Allow', kind: 'allow_once' }];
    if (turn.text === 'ask') turn.print({ type: 'approval', request: 7, title: 'may I', options });
  };

  test('A2: can be decided, and the agent is told', async () => {
    const { agent, processes } = kept(plainAgent(asking));
    const bench = await Workbench.open({ agent });
    const session = await bench.session('ask');
    const watch = await bench.watch(session);
    const { id: approval } = await watch.entry('approval');
    await bench.engine.approvals.decide(session, { approval, choice: { verdict: 'allow' } }, by);
    expect(given(processes[0]!).at(-1)).toMatchObject({ type: 'answer_approval', request: 7 });
  });

  test('A2 A3: is withdrawn when its host ends, and no later host gets an answer to it', async () => {
    const { agent, processes } = kept(plainAgent(asking));
    const bench = await Workbench.open({ agent });
    const session = await bench.session('ask');
    const watch = await bench.watch(session);
    const { id: approval } = await watch.entry('approval');
    processes[0]!.exit(0);
    await hostEnded(watch);
    expect(await bench.of(session, 'decision')).toMatchObject([
      { about: approval, data: { outcome: 'withdrawn' } },
    ]);
    const decide = () =>
      bench.engine.approvals.decide(session, { approval, choice: { verdict: 'allow' } }, by);
    const refused = { refusal: { code: 'already_decided', data: { outcome: 'withdrawn' } } };
    await expect(decide()).rejects.toMatchObject(refused);
    await bench.send(session, 'and on');
    await watch.entry('run_ended', () => true, 2);
    await expect(decide()).rejects.toMatchObject(refused);
    expect((await bench.engine.get(session)).row.openApprovals).toBe(0);
    expect(given(processes[1]!).map(({ type }) => type)).toEqual(['open', 'prompt']);
  });
});

test('R1 L3: ids stay short, however many hosts were launched from the end of another', async () => {
  const bench = await Workbench.open({ play: deaf });
  const session = await bench.session('0');
  const watch = await bench.watch(session);
  for (let host = 1; host <= 10; host++) {
    await watch.entry('delivery', () => true, host);
    await bench.send(session, `${host}`, { delivery: 'interrupt' });
    await bench.clock.armed(limits.cancelMs);
    bench.clock.advance(limits.cancelMs);
  }
  await watch.entry('delivery', () => true, 11);
  expect(bench.hosts.launched).toHaveLength(11);
  for (const host of bench.hosts.launched)
    expect(host).toHaveLength(bench.hosts.launched[0]!.length);
  for (const { id, runId } of await bench.log(session)) {
    expect(id).toMatch(idPattern);
    if (runId !== undefined) expect(runId).toMatch(idPattern);
  }
  expect(await bench.of(session, 'run_ended')).toHaveLength(10);
});

describe('a native id', () => {
  const opened = (more: object): string =>
    JSON.stringify({ type: 'opened', nativeId: 'n1', resumed: false, ...more });
  const provisional = (play: (turn: Turn) => void) =>
    kept(plainAgent(play, { onOpen: (process) => process.print(opened({ provisional: true })) }));

  test('R10: that is provisional is not stored, until the agent says that it is there', async () => {
    const { agent } = provisional((turn) => {
      if (turn.text === 'two') turn.process.print(opened({}));
    });
    const bench = await Workbench.open({ agent });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await watch.entry('run_ended');
    expect((await bench.engine.get(session)).row.nativeId).toBeNull();
    await bench.send(session, 'two');
    await watch.entry('run_ended', () => true, 2);
    expect((await bench.engine.get(session)).row.nativeId).toBe('n1');
    expect(bench.hosts.launched).toHaveLength(1);
    expect(await bench.of(session, 'delivery')).toHaveLength(2);
  });

  test('R10: that was only provisional when its host died is not opened again', async () => {
    const { agent, processes } = provisional((turn) => turn.process.exit(1));
    const bench = await Workbench.open({ agent });
    const session = await bench.session('one');
    const watch = await bench.watch(session);
    await hostEnded(watch);
    await bench.send(session, 'two');
    await hostEnded(watch, 2);
    expect(given(processes[1]!)[0]).toMatchObject({ type: 'open', nativeId: null });
  });
});

describe('the processes of an agent that ends by itself', () => {
  const sweeps = (bench: Workbench): string[] => {
    const seen: string[] = [];
    bench.hosts.before = ({ name }) => void seen.push(name);
    return seen;
  };

  test('R1: after the end of its turn live on, however soon that is', async () => {
    const bench = await Workbench.open({
      play: (turn) => {
        turn.process.fork('server', bench.clock.now());
        turn.end('completed');
        turn.process.exit(0);
      },
    });
    const seen = sweeps(bench);
    const session = await bench.session('go');
    const watch = await bench.watch(session);
    const end = await hostEnded(watch);
    expect(seen).not.toContain('sweep');
    expect(end.data.proof).toBeUndefined();
    expect((await bench.of(session, 'run_ended'))[0]!.data.outcome).toBe('completed');
  });

  test('R1 R5: in mid-run are ended with it', async () => {
    const bench = await Workbench.open({
      play: (turn) => {
        turn.process.fork('shell', bench.clock.now());
        turn.process.exit(1);
      },
    });
    const seen = sweeps(bench);
    const session = await bench.session('go');
    const end = await hostEnded(await bench.watch(session));
    expect(seen.filter((name) => name === 'sweep')).toHaveLength(1);
    expect(end.data.proof).toMatchObject({ gone: true, ended: [{ name: 'shell' }] });
    expect((await bench.of(session, 'run_ended'))[0]!.data.outcome).toBe('failed');
  });

  test.each(['sweep', 'stderrTail'] as const)(
    'R2 R7: are asked about in vain (%s): the run has its end all the same',
    async (broken) => {
      const agent = held();
      const bench = await Workbench.open({ play: agent.play });
      bench.hosts.before = ({ name }) => {
        if (name === broken) throw new Error('no more files');
      };
      const session = await bench.session('go');
      const watch = await bench.watch(session);
      (await agent.begun).process.exit(3);
      const { data } = await watch.entry('run_ended');
      expect(data).toMatchObject({ outcome: 'failed', exitCode: 3 });
      await hostEnded(watch);
      expect(bench.logged.map(({ event }) => event)).toContain('host.conclude');
      bench.hosts.before = () => undefined;
      await bench.send(session, 'again');
      await watch.entry('host', ({ data: { state } }) => state === 'opened', 2);
    },
  );
});
