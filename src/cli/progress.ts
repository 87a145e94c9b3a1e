import type { Io } from './io.ts';

const mebibyte = 1024 * 1024;
const everyMs = 200;

/** Tells on a terminal how far a stream has come, on one line that is gone in the end. */
export class Progress {
  readonly #io: Io;
  readonly #what: string;
  readonly #size: number | null;
  #bytes = 0;
  #shownAt: number;
  #shown = false;

  constructor(io: Io, what: string, size: number | null = null) {
    this.#io = io;
    this.#what = what;
    this.#size = size;
    this.#shownAt = io.now();
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const now = this.#io.now();
    if (!this.#io.outIsTty || now - this.#shownAt < everyMs) return;
    this.#shownAt = now;
    this.#shown = true;
    const done = (this.#bytes / mebibyte).toFixed(1);
    const part =
      this.#size === null || this.#size === 0
        ? ''
        : ` (${Math.floor((100 * this.#bytes) / this.#size)} %)`;
    this.#io.err(`\r${this.#what} ${done} MiB${part}\u001B[K`);
  }

  end(): void {
    if (this.#shown) this.#io.err('\r\u001B[K');
  }
}
