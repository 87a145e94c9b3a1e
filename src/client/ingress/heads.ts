/** What is known of a log in which nothing waits. */
export interface KnownLog {
  /** Of its last entry that we know; undefined where we know nothing. */
  head: string | null | undefined;
  /** In which session it goes on since it was forked. */
  goesOnIn: string | null;
}

/** The logs that were written last: what has been forgotten is asked for again, or is a conflict. */
export class Heads {
  readonly #most: number;
  readonly #known = new Map<string, KnownLog>();

  constructor(most: number) {
    this.#most = most;
  }

  take(session: string): KnownLog {
    const known = this.#known.get(session);
    this.#known.delete(session);
    return known ?? { head: undefined, goesOnIn: null };
  }

  put(session: string, known: KnownLog): void {
    this.#known.delete(session);
    this.#known.set(session, known);
    if (this.#known.size <= this.#most) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest!);
  }
}
