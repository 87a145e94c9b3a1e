import type { Client, Entry, FeedState, OutputOf, Refusal, SessionRow } from 'turnkeep/client';
import { RefusalError } from 'turnkeep/client';
import { Cell } from './cell.ts';
import { Frame } from './frame.ts';
import { Partials } from './partials.ts';

/** The part of a log that is on this page. */
export interface LogWindow {
  /** In order, without a gap. Of a fork they begin in the log that it was forked from. */
  entries: readonly Entry[];
  /** Nothing lies before it. */
  fromStart: boolean;
  /** What is appended is added to it; else there is more after it. */
  toEnd: boolean;
}

/** What there was at a moment, to count what is new since. */
export interface LogMark {
  seq: number;
  /** Ids of the texts in progress. */
  texts: ReadonlySet<string>;
  /** Of all that had come by then. */
  told: number;
}

export type QueueItem = OutputOf<'queue.list'>['items'][number];

const pageEntries = 80;
/** More than these are not kept: what is far from the reader is let go and read again. */
const mostEntries = 4000;

const empty: LogWindow = { entries: [], fromStart: false, toEnd: true };

/**
 * One session's log as this page has it: a window, whose end follows the feed. It opens at the tail (or at an
 * entry), and grows where it is read.
 */
export class SessionLog {
  readonly id: string;
  readonly window = new Cell<LogWindow>(empty);
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
  readonly #client: Client;
  readonly #stop = new AbortController();
  #arrived: Entry[] = [];
  /** Where the history goes on in the log of the base. */
  #inherited: { session: string; before: number } | null = null;
  #lastSeq = 0;
  /** The entry that it is opened at. */
  #opensAt: number | null = null;
  /** The latest window that was asked for: pages that were read to go on from another one are of no use. */
  #windows = 0;
  #loads = 0;
  readonly #frame = new Frame(() => this.#flush());
  readonly #queueFrame = new Frame(() => void this.#readQueue());

  constructor(client: Client, id: string) {
    this.#client = client;
    this.id = id;
  }

  /** Reads the tail, or the entries around one, and follows the feed until `close`. */
  async run(seq: number | null): Promise<void> {
    this.#opensAt = seq;
    const window = this.#another();
    try {
      const tail = await this.#client.sessions.history({ session: this.id, limit: pageEntries });
      this.#lastSeq = tail.lastSeq;
      const inTail = seq === null || tail.entries.some((entry) => isOwn(entry, seq));
      if (!inTail) await this.#around(seq, window);
      else if (window === this.#windows) this.#begin(tail);
      this.#opensAt = null;
      this.loading.set(null);
      this.#queueFrame.ask();
      await this.#follow(tail.lastSeq);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!(error instanceof RefusalError)) throw error;
      this.loading.set(null);
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

  async loadOlder(): Promise<void> {
    const { entries, fromStart } = this.window.get();
    if (fromStart || this.loading.get() !== null) return;
    await this.#load('older', async () => {
      const window = this.#windows;
      const before = firstOwnSeq(entries);
      const page = await this.#client.sessions.history({
        session: this.id,
        limit: pageEntries * 2,
        ...(this.#inherited === null ? { before } : { inherited: this.#inherited }),
      });
      if (window !== this.#windows) return;
      this.#inherited = page.inherited;
      const older = page.entries.toSorted((a, b) => a.seq - b.seq);
      this.window.update((now) => {
        const all = [...older, ...now.entries];
        const kept = all.slice(0, mostEntries);
        return {
          entries: kept,
          fromStart: page.next === null && page.inherited === null,
          toEnd: now.toEnd && kept.length === all.length,
        };
      });
    });
  }

  async loadNewer(): Promise<void> {
    const { entries, toEnd } = this.window.get();
    if (toEnd || this.loading.get() !== null) return;
    await this.#load('newer', async () => {
      const window = this.#windows;
      const after = entries.at(-1)?.seq ?? 0;
      const page = await this.#client.sessions.history({
        session: this.id,
        after,
        limit: pageEntries * 2,
      });
      if (window !== this.#windows) return;
      this.window.update((now) => {
        const all = [...now.entries, ...page.entries];
        const kept = all.slice(-mostEntries);
        const last = kept.at(-1)?.seq ?? 0;
        return {
          entries: kept,
          fromStart: now.fromStart && kept.length === all.length,
          toEnd: page.next === null && last >= this.#lastSeq,
        };
      });
      if (this.window.get().entries.at(0)?.seq !== entries.at(0)?.seq) this.#inherited = null;
    });
  }

  /** Goes to an entry that is not in the window. */
  async goTo(seq: number): Promise<void> {
    if (this.#opensAt === seq) return;
    if (this.window.get().entries.some((entry) => isOwn(entry, seq))) return;
    const window = this.#another();
    await this.#load('opening', () => this.#around(seq, window));
  }

  async goToTail(): Promise<void> {
    if (this.window.get().toEnd) return;
    const window = this.#another();
    await this.#load('opening', async () => {
      const tail = await this.#client.sessions.history({ session: this.id, limit: pageEntries });
      if (window === this.#windows) this.#begin(tail);
    });
  }

  async #load(what: 'older' | 'newer' | 'opening', read: () => Promise<void>): Promise<void> {
    this.loading.set(what);
    this.#loads += 1;
    const load = this.#loads;
    try {
      await read();
    } catch (error) {
      // The feed's state says that nobody answers; scrolling on asks again.
      if (!(error instanceof RefusalError)) throw error;
    } finally {
      if (load === this.#loads) this.loading.set(null);
    }
  }

  #begin(page: OutputOf<'sessions.history'>): void {
    this.#inherited = page.inherited;
    this.#lastSeq = Math.max(this.#lastSeq, page.lastSeq);
    this.window.set({
      entries: page.entries.toSorted((a, b) => a.seq - b.seq),
      fromStart: page.next === null && page.inherited === null,
      toEnd: page.lastSeq >= this.#lastSeq,
    });
  }

  /** The number of a window that is about to be read: what was asked for earlier comes too late for it. */
  #another(): number {
    this.#windows += 1;
    return this.#windows;
  }

  async #around(seq: number, window: number): Promise<void> {
    const half = { session: this.id, limit: pageEntries };
    const [older, newer] = await Promise.all([
      this.#client.sessions.history({ ...half, before: seq }),
      this.#client.sessions.history({ ...half, after: seq - 1 }),
    ]);
    if (window !== this.#windows) return;
    this.#inherited = older.inherited;
    const entries = [...older.entries.toSorted((a, b) => a.seq - b.seq), ...newer.entries];
    this.window.set({
      entries,
      fromStart: older.next === null && older.inherited === null,
      toEnd: newer.next === null && (entries.at(-1)?.seq ?? 0) >= this.#lastSeq,
    });
  }

  async #follow(after: number): Promise<void> {
    for await (const event of this.#client.watch(this.id, { after, signal: this.#stop.signal })) {
      switch (event.type) {
        case 'entry':
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
          this.row.set(event.row);
          this.open.set(event.openApprovals);
          this.#queueFrame.ask();
          break;
      }
    }
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
      if (!now.toEnd) return now;
      const known = now.entries.at(-1)?.seq ?? 0;
      const entries = [...now.entries, ...arrived.filter(({ seq }) => seq > known)];
      return { ...now, entries };
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

const isOwn = (entry: Entry, seq: number) => entry.seq === seq && !('inherited' in entry);

/** Entries of a base are marked with its session. */
function firstOwnSeq(entries: readonly Entry[]): number {
  return entries.find((entry) => !('inherited' in entry))?.seq ?? 1;
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
