import type { Clock } from '../ports/clock.ts';

/** Whether a promise settles before a deadline. */
export function within(promise: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false));
    void Promise.allSettled([promise]).then(() => {
      cancel();
      resolve(true);
    });
  });
}
