import { setTimeout as sleep } from 'node:timers/promises';
import { fill } from './fill.ts';
import type { Place } from './place.ts';
import { type Measure, quantile, result } from './result.ts';

/** Start and idle memory of the command as it is installed, with few and with many sessions in its state. */
export const starts: Measure = async (place) => {
  const count = place.size(10_000, 200);
  await fill(place.path('few'), 100, 2);
  await fill(place.path('many'), count, 2);
  const few = await startAgain(place, 'few');
  const many = await startAgain(place, 'many');
  const opened: number[] = [];
  for (let start = 0; start < place.size(5, 1); start++) {
    const daemon = await place.daemon('many', { as: { agent: null }, probed: true });
    opened.push(daemon.times.open);
    await daemon.stop();
  }
  return [
    result('start', `command to ready, ${count} sessions, p50`, quantile(many.times, 0.5), 'ms', {
      atMost: 300,
    }),
    result('start-few', '… with 100 sessions', quantile(few.times, 0.5), 'ms'),
    result('open', '… of that the opening of the state', quantile(opened, 0.5), 'ms', {
      atMost: 200,
    }),
    result('idle-memory', `idle memory (resident), ${count} sessions`, many.memory, 'MiB', {
      atMost: 120,
    }),
    result('idle-memory-few', '… with 100 sessions', few.memory, 'MiB'),
  ];
};

/** Asked for nothing, also not for its health: it is to be idle. */
async function startAgain(
  place: Place,
  state: string,
): Promise<{ times: number[]; memory: number }> {
  const times: number[] = [];
  for (const last = place.size(9, 1); ;) {
    const daemon = await place.daemon(state, { as: 'command', probed: false });
    times.push(daemon.times.spawn);
    if (times.length < last) {
      await daemon.stop();
      continue;
    }
    await sleep(place.size(5000, 200));
    const memory = daemon.memory().now;
    await daemon.stop();
    return { times, memory };
  }
}
