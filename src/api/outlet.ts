import { limits } from '../domain/limits.ts';

/** A stream or socket as its feeds see it: bytes go in, the reader takes them at its own pace. */
export interface Outlet {
  write(bytes: Uint8Array): void;
  /** Bytes that wait to be taken. */
  buffered(): number;
  /** Resolves when there is room for a page, or when it has closed. To be given back, once. */
  room(): Promise<() => void>;
  readonly closed: boolean;
}

/** Those who wait until an outlet has little left to be taken, the first of them first. */
export class DrainWaiters {
  #waiting: (() => void)[] = [];
  /** Pages that were promised room and have not come yet. */
  #promised = 0;
  #outlet: Pick<Outlet, 'buffered' | 'closed'>;

  constructor(outlet: Pick<Outlet, 'buffered' | 'closed'>) {
    this.#outlet = outlet;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.#queue(resolve));
  }

  /**
   * Room for a page, promised to one after the other: of a thousand feeds that wait for one reader
   * each would find it drained, and send a page.
   */
  room(): Promise<() => void> {
    return new Promise((resolve) =>
      this.#queue(() => {
        this.#promised += 1;
        resolve(() => {
          this.#promised -= 1;
          this.check();
        });
      }),
    );
  }

  /** To be called when bytes were taken, and when the outlet has closed. */
  check(): void {
    while (this.#waiting.length > 0 && this.#isLow()) this.#waiting.shift()?.();
  }

  #queue(go: () => void): void {
    this.#waiting.push(go);
    this.check();
  }

  #isLow(): boolean {
    if (this.#outlet.closed) return true;
    const coming = this.#promised * limits.feedPageBytes;
    return this.#outlet.buffered() + coming < limits.socketLowBytes;
  }
}
