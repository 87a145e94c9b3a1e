import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchDaemon } from './daemon.ts';
import { fill } from './fill.ts';
import { type Measure, quantile, result } from './result.ts';

const starts = 9;

/** Start and idle memory of a daemon with 100 sessions in its state. */
export const startsAndMemory: Measure = async (work) => {
  const state = path.join(work, 'state');
  await fill(state, 100, 100);
  const spawned: number[] = [];
  const opened: number[] = [];
  let memory = 0;
  for (let number = 1; number <= starts; number++) {
    const daemon = await BenchDaemon.start(state);
    spawned.push(daemon.times.spawn);
    opened.push(daemon.times.open);
    if (number === starts) {
      await sleep(5000);
      memory = residentMiB(daemon.pid);
    }
    await daemon.stop();
  }
  return [
    result('start', 'process start to ready, 100 sessions, p50', quantile(spawned, 0.5), 'ms', {
      atMost: 1000,
    }),
    result('open', '… of that the opening of the state', quantile(opened, 0.5), 'ms', {
      atMost: 200,
    }),
    result('idle-memory', 'idle memory (resident)', memory, 'MiB', { atMost: 120 }),
  ];
};

function residentMiB(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) / 1024;
}
