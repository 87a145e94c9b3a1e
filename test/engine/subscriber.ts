import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { digestText, type Entry } from '../../src/domain/entry.ts';
import { limits } from '../../src/domain/limits.ts';
import type { FeedSink, Frame, PartialView } from '../../src/engine/frames.ts';
import type { Workbench } from './workbench.ts';

interface PartialFrame extends PartialView {
  replaced?: boolean;
}

/** A strict reader of one session: it takes nothing twice, leaves nothing out and checks every digest. */
export class Subscriber {
  readonly entries: Entry[] = [];
  readonly held = new Map<string, { view: PartialView; text: string }>();
  readonly states: string[] = [];
  sealed = 0;
  #connection: Connection | null = null;
  #waiting: (() => void)[] = [];
  #paused = false;
  #wrong: Error | null = null;

  get cursor(): number {
    return this.entries.length;
  }

  async connect(bench: Workbench, session: string): Promise<void> {
    this.disconnect();
    const partials = [...this.held.values()].map(({ view: { entryId, part }, text }) => ({
      entryId,
      part,
      offset: text.length,
    }));
    const connection = new Connection(this);
    this.#connection = connection;
    const opened = await bench.engine.openFeed(
      session,
      { after: this.cursor, partials },
      connection,
    );
    connection.answered(opened.snapshot.partials, () => opened.close());
  }

  disconnect(): void {
    this.#connection?.end();
    this.#connection = null;
  }

  /** Takes no more bytes from its socket. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  get buffered(): number {
    return this.#paused ? limits.socketBytes + 1 : 0;
  }

  drained(): Promise<void> {
    if (!this.#paused) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when it is so; rejects when the reader was sent something wrong. */
  async until(met: () => boolean): Promise<void> {
    while (this.#wrong === null && !met()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#wrong !== null) throw this.#wrong;
  }

  snapshot(partials: readonly PartialView[]): void {
    for (const view of partials) this.#piece(view);
  }

  /** Never throws: it is called from within the daemon. */
  frame(frame: Frame): void {
    try {
      this.#take(frame);
    } catch (error) {
      this.#wrong ??= error as Error;
    }
    for (const go of this.#waiting.splice(0)) go();
  }

  #take({ event, params }: Frame): void {
    const data = JSON.parse(params) as {
      entry: Entry;
      sealed?: true;
      state: string;
    } & PartialFrame;
    if (event === 'entry') this.#entry(data.entry, data.sealed ?? false);
    else if (event === 'partial') this.#piece(data);
    else this.states.push(data.state);
  }

  #piece(piece: PartialFrame): void {
    const { entryId, part, offset, text } = piece;
    expect(
      this.entries.some(({ id }) => id === entryId),
      `text of ${entryId} after it`,
    ).toBe(false);
    const had = piece.replaced === true ? '' : (this.held.get(`${entryId}/${part}`)?.text ?? '');
    expect(offset, `offset of ${entryId}`).toBe(had.length);
    this.held.set(`${entryId}/${part}`, { view: piece, text: had + text });
  }

  #entry(entry: Entry, sealed: boolean): void {
    expect(entry.seq).toBe(this.cursor + 1);
    const key = `${entry.id}/${entry.kind === 'thought' ? 'thought' : 'text'}`;
    const held = this.held.get(key);
    const whole = sealed ? filled(entry, held?.text ?? '') : entry;
    if (sealed) this.sealed += 1;
    if (held !== undefined) expect(textOfEntry(whole).startsWith(held.text)).toBe(true);
    expect(sha256(digestText(whole)), `digest of ${entry.id}`).toBe(entry.digest);
    this.held.delete(key);
    this.entries.push(whole);
  }
}

/** One connection of a subscriber; what comes before the answer waits for it, as a face holds it back. */
class Connection implements FeedSink {
  closed = false;
  readonly #subscriber: Subscriber;
  #early: Frame[] | null = [];
  #close: () => void = () => undefined;

  constructor(subscriber: Subscriber) {
    this.#subscriber = subscriber;
  }

  answered(partials: readonly PartialView[], close: () => void): void {
    this.#close = close;
    if (this.closed) return close();
    this.#subscriber.snapshot(partials);
    const early = this.#early ?? [];
    this.#early = null;
    for (const frame of early) this.#subscriber.frame(frame);
  }

  send(frame: Frame): void {
    if (this.closed) return;
    if (this.#early === null) this.#subscriber.frame(frame);
    else this.#early.push(frame);
  }

  buffered(): number {
    return this.#subscriber.buffered;
  }

  drained(): Promise<void> {
    return this.#subscriber.drained();
  }

  end(): void {
    this.closed = true;
    this.#close();
  }
}

function filled(entry: Entry, text: string): Entry {
  return { ...entry, data: { ...entry.data, content: [{ type: 'text', text }] } } as Entry;
}

function textOfEntry(entry: Entry): string {
  if (entry.kind !== 'message' && entry.kind !== 'thought') return '';
  return entry.data.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
