import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** How busy the machine is with other work: the share of its processors, looked at for a second. */
export async function otherWork(): Promise<{ load: number; busy: number }> {
  const before = processorTime();
  await sleep(1000);
  const after = processorTime();
  const busy = (after.busy - before.busy) / (after.all - before.all);
  return { load: loadavg()[0]!, busy };
}

function processorTime(): { busy: number; all: number } {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const sum = Object.values(times).reduce((total, one) => total + one, 0);
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}
