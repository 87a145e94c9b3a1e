import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { Growing, openAt } from './fill.ts';
import { type Measure, quantile, result } from './result.ts';

/** Durable appends at the store's port, one entry each, every session waiting for its own commit. */
export const appends: Measure = async (place) => {
  const seconds = place.size(4, 0.2);
  const many = await run(place.path('many'), { sessions: 64, bare: true, seconds });
  const whole = await run(place.path('whole'), { sessions: 64, bare: false, seconds });
  const one = await run(place.path('one'), { sessions: 1, bare: true, seconds });
  return [
    result('append-64', 'durable appends, 64 sessions', many.rate, '/s', { atLeast: 20_000 }),
    result('append-64-p50', '… commit latency p50', quantile(many.times, 0.5), 'ms'),
    result('append-64-p99', '… commit latency p99', quantile(many.times, 0.99), 'ms'),
    result('append-state-64', '… each with the state of its session', whole.rate, '/s'),
    result('append-1', 'durable appends, one session', one.rate, '/s'),
    result('append-1-p50', '… commit latency p50', quantile(one.times, 0.5), 'ms'),
    result('append-1-p99', '… commit latency p99', quantile(one.times, 0.99), 'ms'),
    result('fsync', 'fsyncs of the disk, one after another', fsyncs(place.path('file')), '/s'),
  ];
};

async function run(
  dir: string,
  { sessions, bare, seconds }: { sessions: number; bare: boolean; seconds: number },
): Promise<{ rate: number; times: number[] }> {
  const store = await openAt(dir);
  const growing = Array.from({ length: sessions }, (_, number) => new Growing(`s${number}`));
  await store.append(growing.map((one) => one.next(1)));
  const times: number[] = [];
  const measured = { from: 0, count: 0 };
  const end = performance.now() + (seconds + 1) * 1000;
  measured.from = performance.now() + 1000;
  await Promise.all(
    growing.map(async (one) => {
      // On a machine that is busy with other work one call may take all the time.
      for (
        let began = performance.now();
        began < end || measured.count === 0;
        began = performance.now()
      ) {
        await store.append([one.next(1, bare)]);
        if (began < measured.from) continue;
        times.push(performance.now() - began);
        measured.count += 1;
      }
    }),
  );
  const rate = measured.count / ((performance.now() - measured.from) / 1000);
  await store.close();
  return { rate, times };
}

/** Writes of a page that the disk makes durable in a second, one after another. */
export function fsyncs(file: string): number {
  const handle = openSync(file, 'w');
  const page = Buffer.alloc(4096, 1);
  const began = performance.now();
  let count = 0;
  for (; performance.now() - began < 1000; count += 1) {
    writeSync(handle, page);
    fdatasyncSync(handle);
  }
  closeSync(handle);
  return count;
}
