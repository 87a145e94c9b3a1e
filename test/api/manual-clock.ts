import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../src/ports/clock.ts';

interface Timer {
  at: number;
  call: () => void;
}

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00.000Z');
  #passed = 0;
  #timers = new Set<Timer>();

  now(): number {
    return this.#now + this.#passed;
  }

  monotonic(): number {
    return this.#passed;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#passed + ms, call };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  soon(call: () => void): void {
    setImmediate(call);
  }

  newId(): string {
    return randomUUID();
  }

  sha256(content: string | Uint8Array): string {
    return createHash('sha256').update(content).digest('hex');
  }

  advance(ms: number): void {
    const end = this.#passed + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(({ at }) => at <= end)
        .toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#passed = next.at;
      next.call();
    }
    this.#passed = end;
  }

  get waiting(): number {
    return this.#timers.size;
  }
}
