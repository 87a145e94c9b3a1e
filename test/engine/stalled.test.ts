import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { deaf, held } from './agents.ts';
import { Workbench } from './workbench.ts';

const { stallMs } = limits;
const silences = (bench: Workbench, session: string) => bench.of(session, 'stall');

test('R9: an agent that says nothing while it works is reported as stalled, and again as working', async () => {
  const turn = held();
  const bench = await Workbench.open({ play: turn.play });
  const session = await bench.session('go');
  const watch = await bench.watch(session);
  const playing = await turn.begun;
  playing.say('I begin');
  await watch.entry('delivery');
  bench.clock.advance(stallMs - 1);
  expect((await bench.engine.get(session)).row.status).toBe('working');
  bench.clock.advance(1);
  const silent = await watch.entry('stall');
  expect(silent.data).toEqual({ state: 'silent', silentMs: stallMs });
  expect((await bench.engine.get(session)).row.status).toBe('stalled');
  // A piece of a text makes no entry, and is a sign of life all the same.
  playing.say(' and go on');
  const heard = await watch.entry('stall', ({ data }) => data.state === 'heard');
  expect(heard.runId).toBe(silent.runId);
  expect((await bench.engine.get(session)).row.status).toBe('working');
  bench.clock.advance(stallMs);
  await watch.entry('stall', ({ data }) => data.state === 'silent', 2);
  turn.end();
  await watch.entry('run_ended');
  expect((await bench.engine.get(session)).row.status).toBe('idle');
});

test('R9: output of any kind puts the report off', async () => {
  const turn = held();
  const bench = await Workbench.open({ play: turn.play });
  const session = await bench.session('go');
  const watch = await bench.watch(session);
  const playing = await turn.begun;
  for (const word of ['one ', 'two ', 'three ']) {
    bench.clock.advance(stallMs - 1000);
    playing.say(word);
    await watch.until(() => JSON.stringify(watch.frames).includes(word));
  }
  expect(await silences(bench, session)).toEqual([]);
  bench.clock.advance(stallMs);
  await watch.entry('stall');
});

test('R9: a run that waits for a person or is being stopped is not silent', async () => {
  const bench = await Workbench.open({
    play: async (turn) => {
      await turn.ask('may I');
      turn.print({ type: 'notice', code: 'c', text: 'I may' });
      await new Promise(() => undefined);
    },
  });
  const session = await bench.session('go');
  const watch = await bench.watch(session);
  const approval = await watch.entry('approval');
  bench.clock.advance(3 * stallMs);
  const choice = { verdict: 'allow' } as const;
  await bench.engine.approvals.decide(
    session,
    { approval: approval.id, choice },
    { type: 'server' },
  );
  expect(await silences(bench, session)).toEqual([]);
  await watch.entry('notice');
  bench.clock.advance(stallMs);
  await watch.entry('stall');
  await bench.abort(session);
  expect((await bench.engine.get(session)).row.status).toBe('stopping');
});

test('R7 R9: after a restart of the daemon the silence is noticed too', async () => {
  const bench = await Workbench.open({ play: deaf });
  const session = await bench.session('go');
  await (await bench.watch(session)).entry('delivery');
  await bench.boot();
  await bench.engine.recovered;
  const watch = await bench.watch(session);
  bench.clock.advance(stallMs);
  await watch.entry('stall');
  await bench.boot();
  await bench.engine.recovered;
  expect((await bench.engine.get(session)).row.status).toBe('stalled');
});
