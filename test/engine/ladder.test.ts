import { describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { plainAgent } from '../../src/testing/index.ts';
import { deaf, Gate, given, kept } from './agents.ts';
import { Workbench } from './workbench.ts';

const retryMs = 1000;

async function working(bench: Workbench) {
  const session = await bench.session('one');
  const watch = await bench.watch(session);
  await watch.entry('delivery');
  return { session, watch };
}

describe('a sweep that fails', () => {
  test('R4 R5: is tried again at once by the next force', async () => {
    const bench = await Workbench.open({ play: deaf });
    const { session, watch } = await working(bench);
    let failures = 1;
    bench.hosts.before = ({ name }) => {
      if (name === 'sweep' && failures-- > 0) throw new Error('no more files');
    };
    const first = bench.abort(session, { force: true });
    await bench.clock.armed(retryMs);
    const before = await bench.log(session);
    const second = await bench.abort(session, { force: true });
    expect(second).toMatchObject({ status: 'aborted', outcome: 'killed', proof: { gone: true } });
    expect(await first).toMatchObject({ outcome: 'killed', proof: { gone: true } });
    expect(bench.hosts.alive).toEqual([]);
    await watch.entry('host', ({ data }) => data.state === 'ended');
    // The second force had nothing to say that was not in the log.
    const log = await bench.log(session);
    expect(log.slice(before.length).map(({ kind }) => kind)).not.toContain('abort');
    expect(await bench.of(session, 'run_ended')).toHaveLength(1);
  });

  test('R4 R5: again and again: the run ends, and the proof says what is known', async () => {
    const bench = await Workbench.open({ play: deaf });
    const { session, watch } = await working(bench);
    let tries = 0;
    bench.hosts.before = ({ name }) => {
      if (name !== 'sweep') return;
      tries += 1;
      throw new Error('no more files');
    };
    const asked = bench.abort(session, { force: true });
    for (let wait = 1; wait <= 5; wait++) {
      await bench.clock.armed(retryMs);
      bench.clock.advance(retryMs);
    }
    expect(await asked).toMatchObject({ outcome: 'killed', proof: { gone: false, ended: [] } });
    expect(tries).toBe(5);
    const end = await watch.entry('host', ({ data }) => data.state === 'ended');
    expect(end.data.proof).toMatchObject({ gone: false });
  });
});

describe('an agent that answers while it dies', () => {
  test('P1 P3 R1 R4: has the end of the ladder, and the next prompt goes to the next host, once', async () => {
    const dying = kept(plainAgent((turn) => (turn.text === 'one' ? deaf(turn) : turn.say('two'))));
    const bench = await Workbench.open({
      agent: () => (process) => {
        process.ignoresTerm = true;
        return dying.agent()(process);
      },
    });
    const { session, watch } = await working(bench);
    const { runId: run } = watch.entries.find(({ kind }) => kind === 'run_started')!;
    const dies = new Gate();
    const atSignal: unknown[] = [];
    bench.hosts.before = async ({ name, process }) => {
      if (name !== 'signal') return;
      atSignal.push((await bench.log(session)).at(-1));
      process.print(JSON.stringify({ type: 'turn_ended', run, outcome: 'cancelled' }));
      process.print(JSON.stringify({ type: 'notice', code: 'dying', text: 'bye' }));
      void dies.pass().then(() => process.exit(143));
    };
    await bench.send(session, 'two', { delivery: 'interrupt' });
    await bench.clock.armed(limits.cancelMs);
    bench.clock.advance(limits.cancelMs);
    await watch.entry('notice', ({ data }) => data.code === 'dying');
    expect(atSignal).toMatchObject([{ kind: 'host', data: { state: 'ending', reason: 'ladder' } }]);
    expect(await bench.of(session, 'run_ended')).toEqual([]);
    dies.open();
    await watch.entry('run_ended', () => true, 2);
    const [first, second] = dying.processes;
    expect(given(first!).filter(({ type }) => type === 'prompt')).toHaveLength(1);
    expect(given(second!).map(({ type }) => type)).toEqual(['open', 'prompt']);
    expect(await bench.of(session, 'delivery')).toHaveLength(2);
    expect(await bench.of(session, 'run_ended')).toMatchObject([
      { data: { outcome: 'killed' } },
      { data: { outcome: 'completed' } },
    ]);
    expect(bench.hosts.launched).toHaveLength(2);
  });
});

test('P3 R1: a prompt that is sent while the host is being ended waits for the next one', async () => {
  const error = { category: 'auth', message: 'log in first' };
  const hosts = kept(
    plainAgent((turn) => turn.say('hello'), {
      onOpen: (process) => {
        const first = hosts.processes.length === 1;
        const opened = { type: 'opened', nativeId: 'n1', resumed: false };
        process.print(JSON.stringify(first ? { type: 'open_failed', error } : opened));
      },
    }),
  );
  const bench = await Workbench.open({ agent: hosts.agent });
  const gate = new Gate();
  bench.hosts.before = async ({ name }) => {
    if (name === 'sweep') await gate.pass();
  };
  const session = await bench.session('one');
  const watch = await bench.watch(session);
  await watch.entry('run_ended');
  await gate.reached;
  expect(await bench.send(session, 'two')).toMatchObject({ state: 'queued', position: 1 });
  expect(bench.hosts.launched).toHaveLength(1);
  gate.open();
  await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
  expect(given(hosts.processes[0]!).map(({ type }) => type)).toEqual(['open']);
  expect(given(hosts.processes[1]!).map(({ type }) => type)).toEqual(['open', 'prompt', 'prompt']);
  expect(await bench.of(session, 'delivery')).toHaveLength(2);
});

describe('the sweep after a cancel', () => {
  test('R5: ends what the run has started, says so, and leaves what the next run starts', async () => {
    let begun = 0;
    const bench = await Workbench.open({
      play: async (turn) => {
        begun += 1;
        bench.clock.advance(10);
        turn.process.fork(`shell-${begun}`, bench.clock.now());
        turn.say('working');
        if (begun === 2) return;
        await turn.cancelled;
        bench.clock.advance(10);
        turn.end('cancelled');
      },
    });
    const { session, watch } = await working(bench);
    const [process] = bench.hosts.processes.values();
    process!.fork('before the run', Date.parse(watch.entries[0]!.at));
    const gate = new Gate();
    bench.hosts.before = async ({ name }) => {
      if (name === 'sweep') await gate.pass();
    };
    await bench.send(session, 'two', { delivery: 'interrupt' });
    await gate.reached;
    await watch.entry('run_ended', () => true, 2);
    expect(process!.children).toHaveLength(3);
    gate.open();
    const notice = await watch.entry('notice', ({ data }) => data.code === 'swept');
    expect(notice.data.text).toContain('shell-1');
    expect(process!.children.map(({ name }) => name).toSorted()).toEqual([
      'before the run',
      'shell-2',
    ]);
    expect(bench.hosts.alive).toHaveLength(1);
  });
});
