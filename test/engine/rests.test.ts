import { expect, test } from 'vitest';
import { held } from './agents.ts';
import { Workbench } from './workbench.ts';

const idleMs = 7777;

test('R1 R10: an idle host is stopped after a while, and the next prompt resumes the conversation in another', async () => {
  const bench = await Workbench.open({ play: (turn) => turn.say('done'), idleMs });
  const session = await bench.session('one');
  const watch = await bench.watch(session);
  await watch.entry('run_ended');
  await bench.clock.armed(idleMs);
  bench.clock.advance(idleMs - 1);
  expect(bench.hosts.alive).toHaveLength(1);
  bench.clock.advance(1);
  const ended = await watch.entry('host', ({ data }) => data.state === 'ended');
  expect(ended.runId).toBeUndefined();
  const ending = await watch.entry('host', ({ data }) => data.state === 'ending');
  expect(ending.data.reason).toBe('idle');
  expect((await bench.engine.get(session)).row.status).toBe('idle');
  const sent = await bench.send(session, 'two');
  expect(sent.state).toBe('starting');
  await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
  const opened = (await bench.of(session, 'host')).filter(({ data }) => data.state === 'opened');
  expect(opened.map(({ data }) => [data.resumed, data.nativeId])).toEqual([
    [false, 'native-1'],
    [true, 'native-1'],
  ]);
});

test('R1: a host in which something works is not idle', async () => {
  const turn = held();
  const bench = await Workbench.open({ play: turn.play, idleMs });
  const session = await bench.session('one');
  const watch = await bench.watch(session);
  const { process } = await turn.begun;
  bench.clock.advance(2 * idleMs);
  process.fork('dev-server', bench.clock.now());
  turn.end();
  await watch.entry('run_ended');
  await bench.clock.armed(idleMs);
  bench.clock.advance(idleMs);
  // It was looked at, and is looked at again later.
  await bench.clock.armed(idleMs);
  expect(bench.hosts.alive).toHaveLength(1);
  process.endChildren();
  bench.clock.advance(idleMs);
  await watch.entry('host', ({ data }) => data.state === 'ended');
});
