import { expect, test } from 'vitest';
import { FeedGate } from '../../src/api/feed-gate.ts';
import { FrameBytes, notificationText } from '../../src/api/frame-bytes.ts';
import { DrainWaiters, type Outlet } from '../../src/api/outlet.ts';
import { limits } from '../../src/domain/limits.ts';
import { Feed } from '../../src/engine/feed.ts';
import type { HistoryQuery, HistoryTextPage, Store } from '../../src/ports/store.ts';
import { eventually } from './harness.ts';

const entries = 8;
const text = 'x'.repeat(30_000);

/** A reader that takes what waits for it only when it is told to. */
class Reader implements Outlet {
  closed = false;
  most = 0;
  taken = 0;
  #waiting = 0;
  readonly #waiters = new DrainWaiters(this);

  write(bytes: Uint8Array): void {
    this.#waiting += bytes.byteLength;
    this.most = Math.max(this.most, this.#waiting);
  }

  buffered(): number {
    return this.#waiting;
  }

  room(): Promise<() => void> {
    return this.#waiters.room();
  }

  take(): void {
    this.taken += this.#waiting;
    this.#waiting = 0;
    this.#waiters.check();
  }

  end(): void {
    this.closed = true;
    this.#waiters.check();
  }
}

/** A log of some entries, read a page at a time as the store does it: later, and one at a time. */
function storeOf(session: string): Store {
  const historyText = async ({ after = 0 }: HistoryQuery): Promise<HistoryTextPage> => {
    await new Promise((resolve) => setImmediate(resolve));
    const seqs = [after + 1, after + 2].filter((seq) => seq <= entries);
    const page = seqs.map((seq) => ({ seq, json: JSON.stringify({ seq, session, text }) }));
    const next = after + 2 < entries ? after + 2 : null;
    return { entries: page, next, ended: 'end', head: null, lastSeq: entries };
  };
  return { historyText } as unknown as Store;
}

function feedOn(reader: Reader, session: string): FeedGate {
  const gate = new FeedGate(reader, new FrameBytes(notificationText));
  const source = {
    session,
    store: storeOf(session),
    lastSeq: entries,
    published: 0,
    current: [],
    close: () => undefined,
    after: () => undefined,
  };
  new Feed(source, gate, 0).start();
  gate.open();
  return gate;
}

test('V3: a thousand feeds that wait for one reader hold its budget, and not a page each', async () => {
  const reader = new Reader();
  for (let n = 0; n < 1000; n++) feedOn(reader, `s-${n}`);
  const all = 1000 * entries * text.length;
  while (reader.taken < all) {
    await eventually(() => reader.buffered() > 0);
    await new Promise((resolve) => setImmediate(resolve));
    reader.take();
  }
  // A notice of each feed, which it is told of whatever waits, and the pages that were promised room.
  expect(reader.most).toBeLessThan(limits.socketBytes);
}, 60_000);

test('V3: the room of a feed that is closed goes to another one', async () => {
  const reader = new Reader();
  const gates = Array.from({ length: 50 }, (_, n) => feedOn(reader, `s-${n}`));
  for (const gate of gates.slice(0, 49)) gate.close();
  for (let page = 0; page < entries; page++) {
    await eventually(() => reader.buffered() > 0);
    reader.take();
    if (reader.taken > entries * text.length) break;
  }
  expect(reader.taken).toBeGreaterThan(entries * text.length);
});

test('V3: feeds whose reader has gone wait no more', async () => {
  const reader = new Reader();
  const gates = Array.from({ length: 50 }, (_, n) => feedOn(reader, `s-${n}`));
  await eventually(() => reader.buffered() > 0);
  reader.end();
  await Promise.all(gates.map((gate) => gate.drained()));
  expect(gates.every((gate) => gate.closed)).toBe(true);
});
