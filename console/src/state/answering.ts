import { type FeedState, RefusalError } from 'turnkeep/client';
import type { Cell } from './cell.ts';

/** After so long it is tried again whatever the feed says: it may be this call alone that was not answered. */
const againMs = 3000;

/** Codes of refusals that pass by themselves. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'busy', 'limited']);

/** Reads until somebody answers: once more whenever the feed is live again. Throws what does not pass. */
export async function answered<Value>(
  read: () => Promise<Value>,
  { feed, signal }: { feed: Cell<FeedState>; signal: AbortSignal },
): Promise<Value> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      const passes = error instanceof RefusalError && passing.has(error.refusal.code);
      if (signal.aborted || !passes) throw error;
    }
    await whenLive(feed, signal);
    signal.throwIfAborted();
  }
}

function whenLive(feed: Cell<FeedState>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      leave();
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const leave = feed.watch(() => {
      if (feed.get() === 'live') done();
    });
    const timer = setTimeout(done, againMs);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
