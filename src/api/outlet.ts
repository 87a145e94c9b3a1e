import { limits } from '../domain/limits.ts';

/** A stream or socket as its feeds see it: bytes go in, the reader takes them at its own pace. */
export interface Outlet {
  write(bytes: Uint8Array): void;
  /** Bytes that wait to be taken. */
  buffered(): number;
  /** Resolves when less than `limits.socketLowBytes` wait, or when it has closed. */
  drained(): Promise<void>;
  readonly closed: boolean;
}

/** Those who wait until an outlet has little left to be taken. */
export class DrainWaiters {
  #waiting: (() => void)[] = [];
  #outlet: Pick<Outlet, 'buffered' | 'closed'>;

  constructor(outlet: Pick<Outlet, 'buffered' | 'closed'>) {
    this.#outlet = outlet;
  }

  wait(): Promise<void> {
    if (this.#isLow()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** To be called when bytes were taken, and when the outlet has closed. */
  check(): void {
    if (this.#waiting.length === 0 || !this.#isLow()) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #isLow(): boolean {
    return this.#outlet.closed || this.#outlet.buffered() < limits.socketLowBytes;
  }
}
