import { refuse } from '../../domain/refusal.ts';
import type { Calls } from '../calls.ts';
import type { Caller } from '../caller.ts';
import { snapshotOf } from '../events.ts';
import { FeedGate } from '../feed-gate.ts';
import type { FrameBytes } from '../frame-bytes.ts';
import type { FeedName } from '../handler.ts';
import type { Outlet } from '../outlet.ts';
import { listFilter } from '../list-filter.ts';
import { listReach } from '../reach.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { FeedOptions } from '../../engine/engine.ts';

/**
 * An output, and what begins once it was sent: frames never come before the answer that opens them.
 */
export interface FeedAnswer {
  output: object;
  sent: () => void;
}

interface Feed {
  gate: FeedGate;
  /** Set once the engine has registered it. */
  release?: () => void;
}

type SessionFeedInput = Extract<ParsedInputOf<'feeds.open'>, { session: string }>;
type ListFeedInput = Exclude<ParsedInputOf<'feeds.open'>, { session: string }>;

/** Sessions have ids without a slash. */
const listKey = '/';

/**
 * The feeds of one socket: at most one of each session and one of the list; the later one stays.
 */
export class SocketFeeds {
  #calls: Calls;
  #caller: Caller;
  #outlet: Outlet;
  #bytes: FrameBytes;
  #feeds = new Map<string, Feed>();

  constructor(calls: Calls, caller: Caller, to: { outlet: Outlet; bytes: FrameBytes }) {
    this.#calls = calls;
    this.#caller = caller;
    this.#outlet = to.outlet;
    this.#bytes = to.bytes;
  }

  async run(name: FeedName, params: unknown): Promise<FeedAnswer> {
    if (name === 'feeds.close') {
      const { session } = this.#calls.admit(name, params, this.#caller);
      const key =
        session === undefined ? listKey : await this.#calls.session(session, this.#caller);
      return { output: { closed: this.#drop(key) }, sent: () => undefined };
    }
    const input = this.#calls.admit(name, params, this.#caller);
    return 'session' in input ? this.#openSession(input) : this.#openList(input);
  }

  closeAll(): void {
    for (const key of this.#feeds.keys()) this.#drop(key);
  }

  async #openSession({ session, after, partials }: SessionFeedInput): Promise<FeedAnswer> {
    const id = await this.#calls.session(session, this.#caller);
    const feed = this.#place(id);
    const options: FeedOptions = {
      ...(after === undefined ? {} : { after }),
      ...(partials === undefined ? {} : { partials }),
    };
    try {
      const opened = await this.#calls.options.engine.openFeed(id, options, feed.gate);
      feed.release = () => opened.close();
      return { output: snapshotOf(id, opened.snapshot), sent: this.#begin(id, feed) };
    } catch (error) {
      if (this.#feeds.get(id) === feed) this.#drop(id);
      throw error;
    }
  }

  async #openList({ sessions: asked }: ListFeedInput): Promise<FeedAnswer> {
    const filter = await listFilter(asked, (name) => this.#calls.session(name, this.#caller));
    const feed = this.#place(listKey);
    const { engine, store } = this.#calls.options;
    const reach = listReach(store, this.#caller);
    const list = engine.openList({ ...filter, ...reach.filter }, feed.gate);
    feed.release = () => list.close();
    try {
      await reach.complete();
    } catch (error) {
      if (this.#feeds.get(listKey) === feed) this.#drop(listKey);
      throw error;
    }
    return { output: { asOf: list.asOf }, sent: this.#begin(listKey, feed) };
  }

  /** Throws for a feed that was closed, or replaced by a later one, while it was being opened. */
  #begin(key: string, feed: Feed): () => void {
    if (this.#feeds.get(key) === feed && !feed.gate.closed) return () => feed.gate.open();
    feed.release?.();
    throw refuse('conflict', 'This feed was closed or opened again before it had begun.');
  }

  #place(key: string): Feed {
    this.#drop(key);
    const feed: Feed = { gate: new FeedGate(this.#outlet, this.#bytes) };
    this.#feeds.set(key, feed);
    return feed;
  }

  #drop(key: string): boolean {
    const feed = this.#feeds.get(key);
    if (feed === undefined) return false;
    this.#feeds.delete(key);
    feed.gate.close();
    feed.release?.();
    return true;
  }
}
