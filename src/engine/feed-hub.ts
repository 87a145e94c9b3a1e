import type { Entry } from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import { rowOf } from '../domain/row.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { FeedOptions, OpenedFeed } from './engine.ts';
import { EntryFrames } from './entry-frames.ts';
import { Feed, type FeedSource } from './feed.ts';
import type { FeedSink } from './frames.ts';
import { type Live, type LivePartial, livePartials, PartialFrames } from './live-partials.ts';

/**
 * A session's feeds. Committed entries and text in progress go out from here; a payload is serialised
 * once, however many subscribers there are.
 */
export class FeedHub implements FeedSource {
  readonly session: string;
  readonly store: Store;
  /** The last seq that was published: a feed that has it is up to date. */
  lastSeq: number;
  readonly #clock: Clock;
  readonly #feeds = new Set<Feed>();
  #partials: readonly LivePartial[] = [];
  #lastFlush = Number.NEGATIVE_INFINITY;
  #cancelFlush: (() => void) | null = null;

  constructor(session: string, lastSeq: number, ports: { store: Store; clock: Clock }) {
    this.session = session;
    this.lastSeq = lastSeq;
    this.store = ports.store;
    this.#clock = ports.clock;
  }

  get subscribers(): number {
    return this.#feeds.size;
  }

  /** Registers the feed, then says what is there, in one step: no gap, no double. */
  async open(live: Live, options: FeedOptions, sink: FeedSink): Promise<OpenedFeed> {
    const after = Math.min(options.after ?? this.lastSeq, this.lastSeq);
    const feed = new Feed(this, sink, after);
    const partials = feed.hold(this.#partials, options.partials ?? []);
    this.#feeds.add(feed);
    const { state } = live;
    const lastSeq = this.lastSeq;
    const approvals = await this.#openApprovals(state).catch((error: unknown) => {
      this.close(feed);
      throw error;
    });
    feed.start();
    return {
      snapshot: {
        key: state.key,
        lastSeq,
        head: state.head,
        row: rowOf(state),
        openApprovals: approvals.filter((entry) => entry !== undefined),
        partials,
      },
      close: () => this.close(feed),
    };
  }

  async #openApprovals(state: SessionState): Promise<readonly (Entry | undefined)[]> {
    return Promise.all(state.approvals.map((open) => this.store.entry(state.id, open.id)));
  }

  after(ms: number, call: () => void): void {
    this.#clock.after(ms, call);
  }

  close(feed: Feed): void {
    feed.close();
    this.#feeds.delete(feed);
  }

  /** Entries that are committed. */
  entries(live: Live, entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.#look(live);
    for (const entry of entries) {
      this.lastSeq = entry.seq;
      const frames = new EntryFrames(this.session, entry);
      for (const feed of this.#feeds) feed.entry(frames);
    }
  }

  /** Text in progress may have grown: the first of it goes out at once, then at most a frame in `partialMs`. */
  partials(live: Live): void {
    this.#look(live);
    if (this.#feeds.size === 0 || this.#cancelFlush !== null) return;
    const wait = this.#lastFlush + limits.partialMs - this.#clock.monotonic();
    if (wait <= 0) return this.#flush();
    this.#cancelFlush = this.#clock.after(wait, () => this.#flush());
  }

  /** The text in progress as a feed that has just come to the end of the log needs it. */
  get current(): readonly LivePartial[] {
    return this.#partials;
  }

  #look(live: Live): void {
    this.#partials = livePartials(live);
  }

  #flush(): void {
    this.#cancelFlush = null;
    this.#lastFlush = this.#clock.monotonic();
    const frames = new PartialFrames(this.session);
    for (const feed of this.#feeds) feed.partials(this.#partials, frames);
  }
}
