import type { Client, Entry, FeedState, OutputOf, Refusal, SessionRow } from 'turnkeep/client';
import { RefusalError } from 'turnkeep/client';
import { answered } from './answering.ts';
import { Cell } from './cell.ts';
import { Frame } from './frame.ts';
import { LogReader } from './log-reader.ts';
import {
  cut,
  emptyWindow,
  isAt,
  lastOwnSeq,
  type LogPlace,
  type LogWindow,
  placeOf,
  withAppended,
  withNewer,
  withOlder,
} from './log-window.ts';
import { Partials } from './partials.ts';

/** What there was at a moment, to count what is new since. */
export interface LogMark {
  seq: number;
  /** Ids of the texts in progress. */
  texts: ReadonlySet<string>;
  /** Of all that had come by then. */
  told: number;
}

export type QueueItem = OutputOf<'queue.list'>['items'][number];

/**
 * One session's log as this page has it: a window, whose end follows the feed. It opens at the tail (or at an
 * entry), and grows where it is read.
 */
export class SessionLog {
  readonly id: string;
  readonly window = new Cell<LogWindow>(emptyWindow);
  readonly loading = new Cell<'older' | 'newer' | 'opening' | null>('opening');
  readonly feed = new Cell<FeedState>('connecting');
  /** The row as the feed's snapshot had it; the list's is newer. */
  readonly row = new Cell<SessionRow | null>(null);
  /** Questions that are open, wherever in the log they are. */
  readonly open = new Cell<readonly Entry[]>([]);
  readonly queue = new Cell<{ held: boolean; items: readonly QueueItem[] }>({
    held: false,
    items: [],
  });
  /** How much has come that a reader would count: where it is not in the window, it is known by this alone. */
  readonly told = new Cell(0);
  readonly partials = new Partials();
  /** Why it cannot be shown. */
  readonly problem = new Cell<Refusal | null>(null);
  /** The last seq that was here where the daemon has come back with less, and all was read again. */
  readonly lost = new Cell<number | null>(null);
  /** The place of a link that is not in this log. */
  readonly astray = new Cell<LogPlace | null>(null);
  readonly #client: Client;
  readonly #reader: LogReader;
  readonly #daemon: Cell<FeedState>;
  readonly #stop = new AbortController();
  #arrived: Entry[] = [];
  #lastSeq = 0;
  /** Where it is being opened; undefined once it is open. */
  #opening: Opening | undefined;
  #opened: Promise<void> = Promise.resolve();
  /** The page that is being read. There is one at a time, and another window makes an end of it. */
  #reading: AbortController | null = null;
  #atEnd = true;
  readonly #frame = new Frame(() => this.#flush());
  readonly #queueFrame = new Frame(() => void this.#readQueue());

  /** `daemon`: whether somebody answers, as the feed of the list knows it. */
  constructor(client: Client, id: string, daemon: Cell<FeedState>) {
    this.#client = client;
    this.#reader = new LogReader(client, id);
    this.#daemon = daemon;
    this.id = id;
  }

  /** Reads the tail, or the entries around one, and follows the feed until `close`. */
  async run(at: LogPlace | null): Promise<void> {
    try {
      for (let place = at, again = true; again; place = null) {
        await this.#open(place);
        if (this.#stop.signal.aborted || this.problem.get() !== null) return;
        this.#queueFrame.ask();
        again = (await this.#follow(this.#lastSeq)) === 'earlier';
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!(error instanceof RefusalError)) throw error;
      this.problem.set(error.refusal);
    }
  }

  close(): void {
    this.#stop.abort();
  }

  mark(): LogMark {
    const texts = new Set(this.partials.open.get().map(({ entryId }) => entryId));
    return { seq: this.#lastSeq, texts, told: this.told.get() };
  }

  /** Whether the reader is at the end, where what is far above is let go. */
  reads(atEnd: boolean): void {
    this.#atEnd = atEnd;
  }

  async loadOlder(): Promise<void> {
    const { entries, fromStart } = this.window.get();
    const [first] = entries;
    if (fromStart || first === undefined) return;
    await this.#load('older', async (signal) => {
      const page = await this.#reader.older(placeOf(first), signal);
      return (now) => cut(withOlder(now, first, page), 'older');
    });
  }

  async loadNewer(): Promise<void> {
    const { entries, toEnd } = this.window.get();
    const last = entries.at(-1);
    if (toEnd || last === undefined) return;
    await this.#load('newer', async (signal) => {
      const newer = await this.#reader.newer(placeOf(last), signal);
      return (now) => cut(this.#ending(withNewer(now, last, newer)), 'newer');
    });
  }

  /** Goes to an entry that is not in the window. */
  async goTo(at: LogPlace): Promise<void> {
    const { entries } = this.window.get();
    if (entries.some((entry) => isAt(entry, at))) return;
    await this.#open(at);
  }

  async goToTail(): Promise<void> {
    if (this.window.get().toEnd && this.#opening === undefined) return;
    await this.#open(null);
    // Of a log that grows fast there may be more by now.
    if (this.#opening === undefined) await this.loadNewer();
  }

  async goToStart(): Promise<void> {
    if (this.window.get().fromStart) return;
    await this.#open('start');
  }

  /** Opens another window, in place of one that is being opened elsewhere. */
  #open(at: Opening): Promise<void> {
    if (this.#opening !== undefined && isSame(this.#opening, at)) return this.#opened;
    this.#opening = at;
    this.#opened = this.#load('opening', (signal) => this.#windowAt(at, signal));
    return this.#opened;
  }

  /** Reads, and then changes the window. One page is read at a time: another window comes before what is read for this one. */
  async #load(
    what: 'older' | 'newer' | 'opening',
    read: (signal: AbortSignal) => Promise<(now: LogWindow) => LogWindow>,
  ): Promise<void> {
    if (what !== 'opening' && this.#reading !== null) return;
    this.#reading?.abort();
    const mine = new AbortController();
    this.#reading = mine;
    this.loading.set(what);
    try {
      const change = await read(AbortSignal.any([mine.signal, this.#stop.signal]));
      if (this.#reading === mine) this.window.update(change);
    } catch (error) {
      if (mine.signal.aborted || this.#stop.signal.aborted) return;
      if (!(error instanceof RefusalError)) throw error;
      // What comes before or after is asked for again by scrolling on.
      if (what === 'opening') this.problem.set(error.refusal);
    } finally {
      if (this.#reading === mine) {
        this.#reading = null;
        if (what === 'opening') this.#opening = undefined;
        this.loading.set(null);
      }
    }
    if (mine.signal.aborted) await this.#opened;
  }

  async #windowAt(opening: Opening, signal: AbortSignal): Promise<(now: LogWindow) => LogWindow> {
    const ask = <Value>(read: () => Promise<Value>) =>
      answered(read, { feed: this.#daemon, signal });
    const at = opening === 'start' ? await ask(() => this.#reader.start(signal)) : opening;
    const has = (entries: readonly Entry[]) =>
      at === null || entries.some((entry) => isAt(entry, at));
    // Where the feed begins is known by the tail alone.
    if (at === null || this.#lastSeq === 0) {
      const { lastSeq, ...tail } = await ask(() => this.#reader.tail(signal));
      this.#lastSeq = Math.max(this.#lastSeq, lastSeq);
      if (has(tail.entries)) return () => this.#ending(tail);
    }
    const page = at === null ? null : await ask(() => this.#reader.around(at, signal));
    this.astray.set(page !== null && has(page.entries) ? null : at);
    return (now) => (page === null ? now : this.#ending(page));
  }

  /** With what is known of its end. */
  #ending(window: Omit<LogWindow, 'toEnd'>): LogWindow {
    return { ...window, toEnd: lastOwnSeq(window.entries) >= this.#lastSeq };
  }

  /** Until the feed ends, or the daemon has come back with less of the log than there is here. */
  async #follow(after: number): Promise<'ended' | 'earlier'> {
    let told = after;
    for await (const event of this.#client.watch(this.id, { after, signal: this.#stop.signal })) {
      switch (event.type) {
        case 'entry':
          told = event.entry.seq;
          this.#arrived.push(event.entry);
          this.#frame.ask();
          break;
        case 'partial':
          this.partials.add(event);
          break;
        case 'abandoned':
          this.partials.drop(event.entryId);
          break;
        case 'state':
          this.feed.set(event.state);
          break;
        case 'snapshot':
          if (event.lastSeq < told) {
            this.#forget(told);
            return 'earlier';
          }
          this.row.set(event.row);
          this.open.set(event.openApprovals);
          this.#queueFrame.ask();
          break;
      }
    }
    return 'ended';
  }

  /** A log that is shorter than it was is another one: nothing of it that is here can be trusted. */
  #forget(had: number): void {
    this.lost.set(had);
    this.#arrived = [];
    this.#lastSeq = 0;
    for (const { entryId } of this.partials.open.get()) this.partials.drop(entryId);
    this.window.set(emptyWindow);
  }

  /** All that came since the last frame, at once. */
  #flush(): void {
    const arrived = this.#arrived;
    this.#arrived = [];
    const last = arrived.at(-1);
    if (last === undefined) return;
    this.#lastSeq = Math.max(this.#lastSeq, last.seq);
    this.told.update((told) => told + arrived.filter(isCounted).length);
    this.open.update((open) => stillOpen(open, arrived));
    if (arrived.some(({ kind }) => ofQueue.has(kind))) {
      this.#queueFrame.ask();
    }
    this.window.update((now) => {
      const next = withAppended(now, arrived, { atEnd: this.#atEnd });
      return this.#atEnd && next.toEnd ? cut(next, 'end') : next;
    });
    for (const entry of arrived) this.partials.end(entry);
  }

  async #readQueue(): Promise<void> {
    try {
      const { held, items } = await this.#client.queue.list({ session: this.id });
      this.queue.set({ held, items });
    } catch (error) {
      // It is asked for again with the next change, or when the feed is back.
      if (!(error instanceof RefusalError)) throw error;
    }
  }
}

/** At an entry, at the tail (null), or at the first entry of all. */
type Opening = LogPlace | null | 'start';

function isSame(one: Opening, other: Opening): boolean {
  if (one === null || other === null || one === 'start' || other === 'start') return one === other;
  return one.base === other.base && one.seq === other.seq;
}

/** What may change which prompts wait, and whether they are held: the end of a run may hold them. */
const ofQueue: ReadonlySet<string> = new Set(['prompt', 'queue', 'delivery', 'run_ended', 'reset']);

const counted: ReadonlySet<string> = new Set([
  'delivery',
  'message',
  'thought',
  'tool_call',
  'approval',
  'question',
]);

/** Whether an entry begins something that a reader would count, and not in the card of a sub-agent. */
function isCounted({ kind, about, parentCall }: Entry): boolean {
  const later = kind === 'tool_call' && about !== undefined;
  return counted.has(kind) && !later && parentCall === undefined;
}

function stillOpen(open: readonly Entry[], arrived: readonly Entry[]): readonly Entry[] {
  let next = open;
  for (const entry of arrived) {
    if (entry.kind === 'approval' || entry.kind === 'question') {
      if (!next.some(({ id }) => id === entry.id)) next = [...next, entry];
    } else if (entry.kind === 'decision' || entry.kind === 'answer') {
      next = next.filter(({ id }) => id !== entry.about);
    }
  }
  return next;
}
