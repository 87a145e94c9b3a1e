import type { Processes, ProcessSample } from './processes.ts';

/**
 * One look at the machine's processes for all who ask at the same time, whatever the number of hosts. A look
 * is given only to those who asked before it began, so it is as fresh as one of their own: at most one is
 * under way and one waits.
 */
export function withSharedLook(processes: Processes): Processes {
  let current: Promise<unknown> = Promise.resolve();
  let next: Promise<readonly ProcessSample[]> | undefined;
  const begin = (): Promise<readonly ProcessSample[]> => {
    next = undefined;
    return processes.list();
  };
  const list = (): Promise<readonly ProcessSample[]> => {
    if (next === undefined) {
      next = current.then(begin, begin);
      current = next;
    }
    return next;
  };
  return { ...processes, list };
}
