/** A blob that no append has named by then is not waited for any longer. */
const longestMs = 10 * 60_000;

interface Hold {
  count: number;
  since: number;
}

/**
 * Blobs between `putBlob` and the append that names them, so that none of them is removed in between; and
 * blobs that are just being removed, for which a put waits.
 */
export class BlobHolds {
  readonly #held = new Map<string, Hold>();
  readonly #pinned = new Map<string, number>();
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get none(): boolean {
    return this.#held.size === 0;
  }

  /** To be called before the blob is looked for or written. */
  async hold(digest: string): Promise<void> {
    const { count } = this.#held.get(digest) ?? { count: 0 };
    this.#held.set(digest, { count: count + 1, since: this.#now() });
    await this.#leaving.get(digest);
  }

  /** Appends that name these blobs, each as often as it was put, were answered. */
  release(digests: readonly string[]): void {
    for (const digest of digests) {
      const hold = this.#held.get(digest);
      if (hold === undefined) continue;
      if (hold.count === 1) this.#held.delete(digest);
      else this.#held.set(digest, { ...hold, count: hold.count - 1 });
    }
  }

  /** None of these blobs is removed while `act` runs; one that is just being removed is waited for first. */
  async pinning<Result>(digests: readonly string[], act: () => Promise<Result>): Promise<Result> {
    for (const digest of digests) this.#pin(digest, 1);
    try {
      for (const digest of digests) await this.#leaving.get(digest);
      return await act();
    } finally {
      for (const digest of digests) this.#pin(digest, -1);
    }
  }

  /** Those of the blobs that nobody holds are removed by `act`; who wants to put one waits for its end. */
  async whileFree<Result>(
    digests: readonly string[],
    act: (free: readonly string[]) => Promise<Result>,
  ): Promise<Result> {
    const free = digests.filter((digest) => !this.#isHeld(digest) && !this.#leaving.has(digest));
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const digest of free) this.#leaving.set(digest, promise);
    try {
      return await act(free);
    } finally {
      for (const digest of free) this.#leaving.delete(digest);
      resolve();
    }
  }

  #pin(digest: string, by: 1 | -1): void {
    const count = (this.#pinned.get(digest) ?? 0) + by;
    if (count === 0) this.#pinned.delete(digest);
    else this.#pinned.set(digest, count);
  }

  #isHeld(digest: string): boolean {
    if (this.#pinned.has(digest)) return true;
    const hold = this.#held.get(digest);
    if (hold === undefined) return false;
    if (this.#now() - hold.since < longestMs) return true;
    this.#held.delete(digest);
    return false;
  }
}
