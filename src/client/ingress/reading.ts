/** Whether a log was read to its end; where it was not, `cursor` says from where to read on, if that can be. */
export type ReadEnd =
  | { complete: true; entries: number }
  | {
      complete: false;
      why:
        /** There is no such log; it was purged while it was read. */
        | 'not_found'
        | 'gone'
        | 'no_credential'
        /** The server does not allow it, for good. */
        | 'refused'
        | 'gave_up'
        /** What comes is no log. */
        | 'nonsense'
        /** What was read before the connection broke is not what is there now. */
        | 'changed'
        | 'page_limit'
        /** Its reader has left, or was told to. */
        | 'stopped';
      entries: number;
      cursor?: string | null;
    };

/** A log that is being read: iterated once. `end` is there when that is over, however it ended. */
export class Reading<Each> implements AsyncIterable<Each> {
  readonly end: Promise<ReadEnd>;
  readonly #source: AsyncGenerator<Each, ReadEnd, undefined>;
  readonly #ended: (end: ReadEnd) => void;
  readonly #signal: AbortSignal;

  constructor(source: AsyncGenerator<Each, ReadEnd, undefined>, signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<ReadEnd>();
    this.end = promise;
    this.#ended = resolve;
    this.#source = source;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Each, void, undefined> {
    let entries = 0;
    const stopped: ReadEnd = { complete: false, why: 'stopped', entries };
    try {
      for (;;) {
        const { done, value } = await this.#source.next();
        if (done === true) return this.#ended(value);
        entries += 1;
        yield value;
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      await this.#source.return(stopped);
      this.#ended({ ...stopped, entries });
    }
  }

  /** All of it, for logs that are known to be short. */
  async all(): Promise<{ entries: readonly Each[]; end: ReadEnd }> {
    const entries: Each[] = [];
    for await (const entry of this) entries.push(entry);
    return { entries, end: await this.end };
  }
}
