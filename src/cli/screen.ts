import type { Io } from './io.ts';

const enter = '\u001B[?1049h\u001B[?25l';
const leave = '\u001B[?25h\u001B[?1049l';
/** Terminals that know it show what is between these at once. */
const begin = '\u001B[?2026h\u001B[H';
const end = '\u001B[J\u001B[?2026l';

/** The terminal as one picture, drawn over the one before without clearing it in between. */
export class Screen {
  readonly #io: Io;
  #shown: string | null = null;
  #open = false;

  constructor(io: Io) {
    this.#io = io;
  }

  open(): void {
    this.#open = true;
    this.#shown = null;
    this.#io.out(enter);
  }

  close(): void {
    if (this.#open) this.#io.out(leave);
    this.#open = false;
  }

  /** Shows these lines, of which none is wider than the terminal. The same again writes nothing. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const picture = lines
      .slice(0, this.#io.rows)
      .map((line) => `${line}\u001B[K`)
      .join('\r\n');
    if (picture === this.#shown) return;
    this.#shown = picture;
    this.#io.out(`${begin}${picture}${end}`);
  }
}
