import { type Entry, isNode } from '../domain/entry.ts';
import { wholeUnits } from '../domain/externalise.ts';
import { limits } from '../domain/limits.ts';
import type { OpenOutput } from '../domain/partials.ts';
import { rowOf } from '../domain/row.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { OpenedFeed, FeedOptions } from './engine.ts';
import { Feed } from './feed.ts';
import type { FeedSink, Frame, PartialView } from './frames.ts';
import type { HostGrip } from './host-grip.ts';

/** Text in progress at one moment, as feeds see it. */
export interface LivePartial extends PartialView {
  /** Rises when the text was replaced and not continued; only of tool output. */
  revision: number;
}

interface Live {
  state: SessionState;
  grip: HostGrip | null;
}

/**
 * A session's feeds. Committed entries and text in progress go out from here; a payload is serialised
 * once, however many subscribers there are.
 */
export class FeedHub {
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
    const approvals = await Promise.all(state.approvals.map((open) => this.store.entry(state.id, open.id)));
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

  /** Text in progress may have grown: the first of it goes out at once, then at most a frame in 50 ms. */
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

function livePartials({ state, grip }: Live): readonly LivePartial[] {
  if (grip === null) return [];
  const texts = grip.partials.texts.map((open) => ({
    entryId: open.entry,
    part: open.part,
    offset: 0,
    text: open.text,
    revision: 0,
    ...(open.parentCall === undefined ? {} : { parentCall: open.parentCall }),
  }));
  const outputs = grip.partials.outputs.flatMap((open) => liveOutput(state, open));
  return [...texts, ...outputs];
}

function liveOutput(state: SessionState, open: OpenOutput): LivePartial[] {
  const toolCall = state.run?.toolCalls.find((candidate) => candidate.call === open.call);
  if (toolCall === undefined) return [];
  const { text, dropped: offset, revision, call } = open;
  return [{ entryId: toolCall.entry, part: 'output', offset, text, revision, call }];
}

/** An entry's frames: whole, and sealed for those who hold its text. Each is made once, when first asked. */
export class EntryFrames {
  readonly entry: Entry;
  readonly #session: string;
  #whole: Frame | null = null;
  #sealed: Frame | null = null;

  constructor(session: string, entry: Entry) {
    this.#session = session;
    this.entry = entry;
  }

  get whole(): Frame {
    this.#whole ??= entryFrame(this.#session, this.entry.seq, JSON.stringify(inOrder(this.entry)));
    return this.#whole;
  }

  /** Units of text that a feed must hold to be given only the seal; null where the entry has no such text. */
  get sealLength(): number | null {
    const { entry } = this;
    if (entry.kind !== 'message' && entry.kind !== 'thought') return null;
    const [block] = entry.data.content;
    if (entry.data.content.length !== 1 || block?.type !== 'text' || block.blob !== undefined) return null;
    return block.text.length;
  }

  get sealed(): Frame {
    if (this.#sealed !== null) return this.#sealed;
    const { entry } = this;
    const data = { ...entry.data, content: [{ type: 'text', text: '' }] };
    const json = JSON.stringify({ ...inOrder(entry), data });
    const params = `{"session":${JSON.stringify(this.#session)},"entry":${json},"sealed":true}`;
    this.#sealed = { event: 'entry', seq: entry.seq, params };
    return this.#sealed;
  }
}

export function entryFrame(session: string, seq: number, json: string): Frame {
  return { event: 'entry', seq, params: `{"session":${JSON.stringify(session)},"entry":${json}}` };
}

/** The fields in the order in which the store gives them. */
function inOrder(entry: Entry): object {
  const { seq, id, parentId, runId, at, kind, by, parentCall, about, data, digest } = entry;
  const node = isNode(entry) ? { parentId } : {};
  return { seq, id, ...node, runId, at, kind, by, parentCall, about, data, digest };
}

/** Frames of one flush, shared by all feeds that hold the same amount of a text. */
export class PartialFrames {
  readonly #session: string;
  readonly #frames = new Map<string, Frame>();

  constructor(session: string) {
    this.#session = session;
  }

  /** The text from `offset` to `end`; `replaced` where it takes the place of what the feed holds. */
  of(partial: LivePartial, offset: number, replaced: boolean): Frame {
    const key = `${partial.entryId}/${partial.part}/${offset}/${replaced}`;
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const { entryId, part, parentCall, call } = partial;
    const text = partial.text.slice(offset - partial.offset, sendable(partial) - partial.offset);
    const params = JSON.stringify({
      session: this.#session,
      entryId,
      part,
      offset,
      text,
      ...(replaced ? { replaced } : {}),
      parentCall,
      call,
    });
    const frame: Frame = { event: 'partial', seq: null, params };
    this.#frames.set(key, frame);
    return frame;
  }
}

/** Offset up to which a text can be sent now: never inside a surrogate pair. */
export function sendable(partial: LivePartial): number {
  const { text } = partial;
  const last = text.charCodeAt(text.length - 1);
  const half = last >= 0xd800 && last <= 0xdbff;
  return partial.offset + (half ? wholeUnits(`${text}.`, text.length) : text.length);
}
