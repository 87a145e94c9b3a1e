import { lineAgent } from './agent.ts';
import type { BenchDaemon } from './daemon.ts';
import { fill } from './fill.ts';
import type { Place } from './place.ts';
import { type Measure, quantile, result } from './result.ts';
import { openFeed, RunEnds } from './watch.ts';

/** A daemon over many sessions and one over few, which are asked in turn: other work hits both alike. */
interface Pair {
  many: BenchDaemon;
  few: BenchDaemon;
}

interface Times {
  many: number[];
  few: number[];
}

const few = 100;

/** What must not depend on how many sessions there are: pages of the list, creations, prompts. */
export const many: Measure = async (place) => {
  const count = place.size(10_000, 300);
  await fill(place.path('many'), count, 2);
  await fill(place.path('few'), few, 2);
  const choices = { as: { agent: lineAgent(place) }, probed: true } as const;
  const pair = {
    many: await place.daemon('many', choices),
    few: await place.daemon('few', choices),
  };
  const calls = place.size(200, 5);
  const list = await each(calls, pair, (daemon) => daemon.time('sessions.list', { limit: 50 }));
  const create = await each(calls, pair, (daemon, number) =>
    daemon.time('sessions.create', { id: `new${number}`, cwd: place.work }),
  );
  const send = await sends(place, pair, calls);
  await pair.many.stop();
  await pair.few.stop();
  return [
    ...results('list', `page of 50 of ${count} sessions`, list, 3),
    ...results('create', `sessions.create with ${count} sessions`, create, 5),
    ...results('send', `sessions.send with ${count} sessions`, send, 5),
  ];
};

/** So many times at both, after a tenth of them that is not measured. */
async function each(
  calls: number,
  pair: Pair,
  call: (daemon: BenchDaemon, number: number) => Promise<number>,
): Promise<Times> {
  const times: Times = { many: [], few: [] };
  const warm = Math.ceil(calls / 10);
  for (let number = 0; number < calls + warm; number++) {
    for (const which of ['many', 'few'] as const) {
      const ms = await call(pair[which], number);
      if (number >= warm) times[which].push(ms);
    }
  }
  return times;
}

/** Prompts to sessions whose agent is there and idle; the run that one starts is over before the next. */
async function sends(place: Place, pair: Pair, calls: number): Promise<Times> {
  const sessions = Array.from({ length: 4 }, (_, number) => `sent${number}`);
  const runs = new Map<BenchDaemon, RunEnds>();
  for (const daemon of Object.values(pair) as BenchDaemon[]) {
    const socket = await daemon.socket();
    runs.set(daemon, new RunEnds(socket));
    for (const session of sessions) {
      await daemon.call('sessions.create', { id: session, cwd: place.work });
      openFeed(socket, session);
    }
  }
  const send = async (daemon: BenchDaemon, number: number): Promise<number> => {
    const session = sessions[number % sessions.length]!;
    const ended = runs.get(daemon)!.next(session);
    const ms = await daemon.time('sessions.send', { session, content: 'lines 1 1' });
    await ended;
    return ms;
  };
  for (const daemon of Object.values(pair) as BenchDaemon[]) {
    for (let number = 0; number < sessions.length; number++) await send(daemon, number);
  }
  return each(calls, pair, send);
}

function results(id: string, title: string, times: Times, target: number) {
  const p50 = quantile(times.many, 0.5);
  const ratio = p50 / quantile(times.few, 0.5);
  return [
    result(`${id}-p50`, `${title}, p50`, p50, 'ms', { atMost: target }),
    result(`${id}-p99`, '… p99', quantile(times.many, 0.99), 'ms'),
    result(`${id}-flat`, `… p50 over that with ${few} sessions`, ratio, 'x', { atMost: 1.25 }),
  ];
}
