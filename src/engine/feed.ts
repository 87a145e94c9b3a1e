import { limits } from '../domain/limits.ts';
import type { HeldPartial, FeedSink, PartialView } from './frames.ts';
import type { Store } from '../ports/store.ts';
import { entryFrame, type EntryFrames } from './entry-frames.ts';
import { type LivePartial, PartialFrames, sendable } from './live-partials.ts';

/** What a feed reads from: the session's log, and what is published of it. */
export interface FeedSource {
  readonly session: string;
  readonly store: Store;
  /** The last seq that was published. */
  readonly lastSeq: number;
  /** The number of the last publication. */
  readonly published: number;
  readonly current: readonly LivePartial[];
  close(feed: Feed): void;
  after(ms: number, call: () => void): void;
}

const retryMs = 500;

/**
 * One subscriber's ordered stream: entries after its cursor, each once, then live ones.
 *
 *   catching_up ──has all that was published──▶ live
 *        ▲                                        │
 *        └──────── its reader falls behind ───────┘
 *
 * A feed never buffers: one that cannot keep up goes back to reading the log.
 */
export class Feed {
  readonly #hub: FeedSource;
  readonly #sink: FeedSink;
  #cursor: number;
  #state: 'new' | 'catching_up' | 'live' | 'closed' = 'new';
  /** What was published up to this number it has had, or has read in the log. */
  since = 0;
  /** End offset and revision of each text in progress that the reader holds. */
  readonly #held = new Map<string, { end: number; revision: number }>();

  constructor(hub: FeedSource, sink: FeedSink, after: number) {
    this.#hub = hub;
    this.#sink = sink;
    this.#cursor = after;
  }

  /** Text in progress for the snapshot, less what the reader says that it holds already. */
  hold(partials: readonly LivePartial[], held: readonly HeldPartial[]): readonly PartialView[] {
    return partials.map((partial) => {
      const { revision, ...view } = partial;
      // Output may have been replaced meanwhile, which no offset tells: it is always given whole.
      const has = held.find((item) => item.entryId === view.entryId && item.part === view.part);
      const continues = has !== undefined && view.part !== 'output';
      const end = sendable(partial);
      const from =
        continues && has.offset >= view.offset && has.offset <= end ? has.offset : view.offset;
      this.#held.set(keyOf(view), { end, revision });
      return {
        ...view,
        offset: from,
        text: view.text.slice(from - view.offset, end - view.offset),
      };
    });
  }

  start(): void {
    if (this.#state !== 'new') return;
    if (this.#cursor >= this.#hub.lastSeq) this.#goLive();
    else this.#fallBack();
  }

  close(): void {
    this.#state = 'closed';
  }

  /** A committed entry: sent if it is the next one and the reader keeps up. */
  entry(frames: EntryFrames): void {
    const { entry } = frames;
    if (this.#state !== 'live' || entry.seq <= this.#cursor) return;
    if (this.#behind() || entry.seq !== this.#cursor + 1) return this.#fallBack();
    this.#sink.send(this.#seal(frames) ? frames.sealed : frames.whole);
    this.#cursor = entry.seq;
    this.#forget(entry);
  }

  /** Whether the reader holds the entry's text as a partial; what is missing of it is sent before. */
  #seal(frames: EntryFrames): boolean {
    const { entry, text } = frames;
    const held = this.#held.get(`${entry.id}/${entry.kind === 'thought' ? 'thought' : 'text'}`);
    if (text === null || held === undefined || held.end === 0 || held.end > text.length)
      return false;
    if (held.end < text.length) this.#sink.send(frames.rest(text, held.end));
    return true;
  }

  /** More was published than is sent one by one: what is missing is read in the log. */
  lag(): void {
    if (this.#state === 'live' && this.#cursor < this.#hub.lastSeq) this.#fallBack();
  }

  /** Text in progress: what the reader does not hold yet. */
  partials(partials: readonly LivePartial[], frames: PartialFrames): void {
    if (this.#state !== 'live') return;
    for (const partial of partials) {
      if (this.#behind()) return this.#fallBack();
      this.#partial(partial, frames);
    }
  }

  #partial(partial: LivePartial, frames: PartialFrames): void {
    const key = keyOf(partial);
    const held = this.#held.get(key);
    const end = sendable(partial);
    const { offset, revision } = partial;
    const continues = held === undefined || (held.revision === revision && held.end >= offset);
    const from = held === undefined || !continues ? offset : held.end;
    if (from >= end && continues) return;
    this.#sink.send(frames.of(partial, from, !continues));
    this.#held.set(key, { end, revision });
  }

  #forget(entry: EntryFrames['entry']): void {
    this.#held.delete(`${entry.id}/text`);
    this.#held.delete(`${entry.id}/thought`);
    if (entry.kind !== 'tool_call' || entry.data.status === 'in_progress') return;
    this.#held.delete(`${entry.about ?? entry.id}/output`);
  }

  #behind(): boolean {
    return this.#sink.buffered() > limits.socketBytes;
  }

  #goLive(): void {
    const was = this.#state;
    this.#state = 'live';
    this.since = this.#hub.published;
    if (was === 'catching_up') this.#tell('live');
    this.partials(this.#hub.current, new PartialFrames(this.#hub.session));
  }

  #fallBack(): void {
    this.#state = 'catching_up';
    this.#tell('catching_up');
    this.#catchUp().catch(() => this.#tryAgain());
  }

  /** A page that could not be read is asked for again: the cursor stands where it stood. */
  #tryAgain(): void {
    this.#hub.after(retryMs, () => {
      if (this.#state === 'catching_up') this.#catchUp().catch(() => this.#tryAgain());
    });
  }

  #tell(state: 'catching_up' | 'live'): void {
    const params = JSON.stringify({ session: this.#hub.session, state });
    this.#sink.send({ event: 'feed.state', seq: null, params });
  }

  /** Reads the log from the cursor, a page at a time, no faster than the reader takes it. */
  async #catchUp(): Promise<void> {
    while (this.#state === 'catching_up') {
      await this.#sink.drained();
      if (this.#sink.closed) return this.#hub.close(this);
      const page = await this.#hub.store.historyText({
        session: this.#hub.session,
        after: this.#cursor,
        limit: limits.feedPageEntries,
        maxBytes: limits.feedPageBytes,
      });
      if (this.#state !== 'catching_up') return;
      // The session was purged: nothing is left to be read.
      if (page.lastSeq === 0) return this.#hub.close(this);
      for (const { seq, json } of page.entries) {
        // Stored and not published yet: it comes live, after the text in progress that it ends.
        if (seq > this.#hub.lastSeq) break;
        this.#sink.send(entryFrame(this.#hub.session, seq, json));
        this.#cursor = seq;
      }
      if (this.#cursor >= this.#hub.lastSeq) return this.#goLive();
    }
  }
}

function keyOf(partial: { entryId: string; part: string }): string {
  return `${partial.entryId}/${partial.part}`;
}
