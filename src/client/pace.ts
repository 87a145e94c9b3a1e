/** Time and chance as the client takes them, so that tests can give their own. */
export interface Pace {
  /** In [0, 1). */
  random(): number;
  /** Calls back once after `ms`; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const realPace: Pace = {
  random: () => Math.random(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** How long to wait before try number `attempt` (from 0): up to twice as long each time, jittered. */
export function backOff(attempt: number, random: number): number {
  const ceiling = Math.min(10_000, 200 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 4 + ((ceiling * 3) / 4) * random);
}

/** Resolves after `ms`; rejects with the signal's reason when it is aborted before. */
export function pause(pace: Pace, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(reasonOf(signal));
      return;
    }
    const stop = () => {
      cancel();
      if (signal !== undefined) reject(reasonOf(signal));
    };
    const cancel = pace.after(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}

export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted');
}
