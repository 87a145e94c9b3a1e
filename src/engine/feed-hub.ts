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
import type { TurnBudget } from './turn-budget.ts';

/** Something that is published: it goes to one feed after another, over several turns where they are many. */
interface Publication {
  no: number;
  kind: 'entry' | 'partials' | 'lag';
  feeds: Iterator<Feed>;
  send: (feed: Feed) => void;
}

/** More than this waits to be sent: feeds read it from the log instead. */
const mostWaiting = 200;

/**
 * A session's feeds. Committed entries and text in progress go out from here; a payload is serialised
 * once, however many subscribers there are.
 */
export class FeedHub implements FeedSource {
  readonly session: string;
  readonly store: Store;
  /** The last seq that was published: a feed that has it is up to date. */
  lastSeq: number;
  /** The number of the last publication: a feed that goes live now needs none up to it. */
  published = 0;
  #waiting: Publication[] = [];
  readonly #budget: TurnBudget;
  readonly #clock: Clock;
  readonly #feeds = new Set<Feed>();
  #partials: readonly LivePartial[] = [];
  #lastFlush = Number.NEGATIVE_INFINITY;
  #cancelFlush: (() => void) | null = null;

  constructor(
    session: string,
    lastSeq: number,
    ports: { store: Store; clock: Clock; budget: TurnBudget },
  ) {
    this.session = session;
    this.lastSeq = lastSeq;
    this.store = ports.store;
    this.#clock = ports.clock;
    this.#budget = ports.budget;
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
      // What was streamed before its session came under a hook may not be what is stored.
      const frames = new EntryFrames(this.session, entry, live.withholds !== true);
      this.#publish('entry', (feed) => feed.entry(frames));
    }
  }

  #publish(kind: Publication['kind'], send: (feed: Feed) => void): void {
    if (this.#feeds.size === 0) return;
    if (this.#waiting.length >= mostWaiting) {
      // What waits is in the log: the feeds read it there, each as fast as it can.
      this.#waiting = this.#waiting.slice(0, 1);
      this.#add('lag', (feed) => feed.lag());
    }
    this.#add(kind, send);
    if (this.#waiting.length === 1) this.#send();
  }

  #add(kind: Publication['kind'], send: (feed: Feed) => void): void {
    const no = (this.published += 1);
    this.#waiting.push({ no, kind, feeds: this.#feeds.values(), send });
  }

  /** Sends what waits, in its order, as far as the turn allows. */
  #send(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      for (;;) {
        if (!this.#budget.take()) return this.#budget.later(() => this.#send());
        const { value: feed, done } = next.feeds.next();
        if (done === true) break;
        if (feed.since < next.no) next.send(feed);
      }
      this.#waiting.shift();
    }
  }

  /** Text in progress may have grown: the first of it goes out at once, then at most a frame in `partialMs`. */
  partials(live: Live): void {
    this.#look(live);
    if (this.#feeds.size === 0 || this.#cancelFlush !== null) return;
    const under = this.#waiting.some(({ kind }) => kind === 'partials');
    const wait = this.#lastFlush + limits.partialMs - this.#clock.monotonic();
    if (wait <= 0 && !under) return this.#flush();
    const ms = under ? limits.partialMs : wait;
    this.#cancelFlush = this.#clock.after(ms, () => this.#flush());
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
    const partials = this.#partials;
    this.#publish('partials', (feed) => feed.partials(partials, frames));
  }
}
