import { type Pace, pause } from '../client/pace.ts';
import { isPassing } from '../client/refusal.ts';
import { RefusalError } from '../domain/refusal.ts';

/** Does something until it is done or refused for good: a daemon that was killed comes back. */
export type Patiently = <Result>(
  work: () => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

const againMs = 500;

/** Gives up when `closed` is aborted, or the signal of the call. */
export function patience(pace: Pace, closed: AbortSignal): Patiently {
  return async (work, signal) => {
    const either = signal === undefined ? closed : AbortSignal.any([closed, signal]);
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RefusalError) || !isPassing(error.refusal.code)) throw error;
        await pause(pace, againMs, either);
      }
    }
  };
}
