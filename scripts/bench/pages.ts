import path from 'node:path';
import { BenchDaemon } from './daemon.ts';
import { fill } from './fill.ts';
import { type Measure, quantile, result } from './result.ts';

const calls = 200;

/** Pages over HTTP: the list of 10,000 sessions, and the end of a log of 100,000 entries. */
export const pages: Measure = async (work) => {
  const many = path.join(work, 'many');
  await fill(many, 10_000, 2);
  const list = await time(many, 'sessions.list', { limit: 50 });
  const long = path.join(work, 'long');
  await fill(long, 1, 100_000);
  const tail = await time(long, 'sessions.history', { session: 's1', limit: 50 });
  return [
    result('list-p50', 'page of 50 of 10,000 sessions, p50', quantile(list, 0.5), 'ms', {
      atMost: 5,
    }),
    result('list-p99', '… p99', quantile(list, 0.99), 'ms'),
    result('tail-p50', 'last 50 of 100,000 entries, p50', quantile(tail, 0.5), 'ms', { atMost: 5 }),
    result('tail-p99', '… p99', quantile(tail, 0.99), 'ms'),
  ];
};

async function time(state: string, operation: string, input: object): Promise<number[]> {
  const daemon = await BenchDaemon.start(state);
  const times: number[] = [];
  for (let call = -20; call < calls; call++) {
    const began = performance.now();
    await daemon.call(operation, input);
    if (call >= 0) times.push(performance.now() - began);
  }
  await daemon.stop();
  return times;
}
