import type { FeedSink, Frame } from '../engine/frames.ts';
import type { Store } from '../ports/store.ts';

/**
 * A feed for readers that want no text in progress. They hold no partial, so an entry that the feed
 * sent sealed (without its text) is read from the log for them; what comes after it waits its turn.
 */
export class WholeEntries implements FeedSink {
  #inner: FeedSink;
  #session: string;
  #store: Store;
  #failed: (error: unknown) => void;
  #waitingBytes = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(
    inner: FeedSink,
    from: { session: string; store: Store },
    failed: (error: unknown) => void,
  ) {
    this.#inner = inner;
    this.#session = from.session;
    this.#store = from.store;
    this.#failed = failed;
  }

  get closed(): boolean {
    return this.#inner.closed;
  }

  send(frame: Frame): void {
    if (frame.event === 'partial') return;
    const sealed = isSealed(frame);
    if (!sealed && this.#waitingBytes === 0) return this.#inner.send(frame);
    this.#waitingBytes += frame.params.length;
    this.#tail = this.#tail
      .then(async () => this.#inner.send(sealed ? await this.#whole(frame) : frame))
      .catch(this.#failed)
      .finally(() => (this.#waitingBytes -= frame.params.length));
  }

  buffered(): number {
    return this.#waitingBytes + this.#inner.buffered();
  }

  async drained(): Promise<void> {
    await this.#tail;
    await this.#inner.drained();
  }

  async #whole(frame: Frame): Promise<Frame> {
    const after = (frame.seq ?? 1) - 1;
    const query = { session: this.#session, after, limit: 1, maxBytes: 1 };
    const [entry] = (await this.#store.historyText(query)).entries;
    if (entry?.seq !== frame.seq)
      throw new Error(`Entry ${frame.seq} was sent, and is not in the log.`);
    const params = `{"session":${JSON.stringify(this.#session)},"entry":${entry.json}}`;
    return { ...frame, params };
  }
}

/**
 * The text is searched first, since hardly any entry is sealed; it may occur in one that is not.
 */
function isSealed({ event, params }: Frame): boolean {
  if (event !== 'entry' || !params.includes('"sealed":true')) return false;
  return (JSON.parse(params) as { sealed?: boolean }).sealed === true;
}
