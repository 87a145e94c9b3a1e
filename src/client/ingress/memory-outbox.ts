import type { Line } from './line.ts';
import { type KeptLog, type Outbox, outboxFull, type Waiting } from './outbox.ts';

/** An outbox that lives as long as its process: it only counts, since who sends has the lines. */
export class MemoryOutbox implements Outbox {
  readonly durable = false;
  readonly #most: number;
  readonly #logs = new Map<string, { next: number; sizes: Map<number, number> }>();
  #size = 0;

  /** @param most UTF-16 units of text that may wait, of all sessions. */
  constructor(most = 64 * 1024 * 1024) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  kept(): Promise<readonly KeptLog[]> {
    return Promise.resolve([]);
  }

  async accept(session: string, lines: readonly Line[]): Promise<readonly Waiting[]> {
    const more = lines.reduce((sum, { text }) => sum + text.length, 0);
    if (this.#size + more > this.#most) throw outboxFull(this.#most);
    const log = this.#logs.get(session) ?? { next: 1, sizes: new Map<number, number>() };
    this.#logs.set(session, log);
    this.#size += more;
    return lines.map((line) => {
      const number = log.next;
      log.next += 1;
      log.sizes.set(number, line.text.length);
      return { ...line, number };
    });
  }

  settle(session: string, number: number): void {
    for (const known of this.#logs.get(session)?.sizes.keys() ?? []) {
      if (known > number) break;
      this.#leave(session, known);
    }
  }

  trying(): Promise<void> {
    return Promise.resolve();
  }

  forked(): Promise<void> {
    return Promise.resolve();
  }

  /** The caller is told; there is nobody else. */
  async setAside(session: string, { number }: Waiting): Promise<void> {
    this.#leave(session, number);
  }

  async discard(session: string): Promise<void> {
    this.settle(session, Number.POSITIVE_INFINITY);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #leave(session: string, number: number): void {
    const log = this.#logs.get(session);
    const size = log?.sizes.get(number);
    if (log === undefined || size === undefined) return;
    this.#size -= size;
    log.sizes.delete(number);
    if (log.sizes.size === 0) this.#logs.delete(session);
  }
}
