import { limits } from '../domain/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/hosts.ts';

/**
 * The ladder (R5), from the step after the protocol's own cancel, which is committed with the intent:
 *
 *   asked by protocol ──5 s──▶ SIGTERM to the group ──3 s──▶ SIGKILL and sweep, with proof
 *
 * Each step has a deadline; `ended` resolves when the run's terminal entry is stored.
 */
export async function climb(
  host: Host,
  options: { force: boolean; ended: Promise<void>; clock: Clock; onKill: () => void },
): Promise<void> {
  const { force, ended, clock, onKill } = options;
  if (!force) {
    if (await within(ended, limits.cancelMs, clock)) return;
    onKill();
    await host.signal('SIGTERM');
    if (await within(host.ended, limits.terminateMs, clock)) return;
  }
  onKill();
  await host.sweep();
}

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
