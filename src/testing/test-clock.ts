import { createHash } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';

interface Timer {
  at: number;
  order: number;
  call: () => void;
}

interface Waiter {
  ms: number;
  resolve: () => void;
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

export interface TestClockOptions {
  /** Wall clock at the beginning, in milliseconds since the epoch. */
  start?: number;
  /** Makes the ids of one clock differ from those of another. */
  seed?: string;
}

/** Time that stands still until it is told to go on, and ids that are the same in every run. */
export class TestClock implements Clock {
  #now: number;
  #ids = 0;
  #order = 0;
  readonly #start: number;
  readonly #seed: string;
  readonly #timers = new Set<Timer>();
  readonly #waiters = new Set<Waiter>();

  constructor(options: TestClockOptions = {}) {
    this.#start = options.start ?? Date.UTC(2026, 0, 1);
    this.#seed = options.seed ?? 'a';
    this.#now = this.#start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, call: () => void): () => void {
    const timer: Timer = { at: this.#now + ms, order: (this.#order += 1), call };
    this.#timers.add(timer);
    for (const waiter of this.#waiters) {
      if (waiter.ms !== ms) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    return () => void this.#timers.delete(timer);
  }

  /** Turns of the event loop are not held up. */
  soon(call: () => void): void {
    setImmediate(call);
  }

  /** Sorted by the order in which they were asked for. */
  newId(): string {
    let text = '';
    let rest = (this.#ids += 1);
    for (let place = 0; place < 8; place++, rest = Math.floor(rest / 32)) {
      text = alphabet[rest % 32]! + text;
    }
    return `${this.#seed}${text}`;
  }

  sha256(content: string | Uint8Array): string {
    return createHash('sha256').update(content).digest('hex');
  }

  /** Resolves when something waits exactly `ms`, at once if something does already. */
  armed(ms: number): Promise<void> {
    for (const timer of this.#timers) {
      if (timer.at - this.#now === ms) return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiters.add({ ms, resolve }));
  }

  /** Lets `ms` pass: calls what is due, in order of time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let due = this.#next(end); due !== null; due = this.#next(end)) {
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.call();
    }
    this.#now = end;
  }

  #next(end: number): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.at > end) continue;
      const sooner = first === null || timer.at < first.at;
      if (sooner || (timer.at === first!.at && timer.order < first!.order)) first = timer;
    }
    return first;
  }
}

export function testClock(options: TestClockOptions = {}): TestClock {
  return new TestClock(options);
}
