import type { ProcessId } from '../directory/claim.ts';
import { errorCode } from '../directory/system-error.ts';
import type { Processes } from '../platform/processes.ts';

export type HostSignal = 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT';

/** Signals a process, or with a negative number a group. False: it is gone, or it is not ours to signal. */
export function send(pid: number, signal: HostSignal): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (['ESRCH', 'EPERM'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

/** Whether some process has the pid: ours, another, or one that has ended and is not waited for. */
export function inUse(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === 'EPERM') return true;
    if (errorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/** Signals a process after making sure that its number has not become another's. */
export async function sendTo(
  processes: Processes,
  target: ProcessId,
  signal: HostSignal,
): Promise<boolean> {
  const alive = (await processes.startTime(target.pid)) === target.startTime;
  return alive && send(target.pid, signal);
}
