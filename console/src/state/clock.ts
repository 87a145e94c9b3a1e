import { Cell } from './cell.ts';

/**
 * The daemon's clock, by which all that it tells is dated. That of a browser may be minutes ahead or behind: a phone's,
 * or a laptop's after it slept.
 */
export class DaemonClock {
  readonly #own: () => number;
  /** So far it is ahead of the browser's own. */
  readonly #ahead = new Cell(0);

  constructor(own: () => number = Date.now) {
    this.#own = own;
  }

  readonly now = (): number => this.#own() + this.#ahead.get();

  /** Calls when it was set right. */
  readonly watch = (tell: () => void): (() => void) => this.#ahead.watch(tell);

  /** Asks the daemon; what the answer took is not known in halves, so a smaller difference is none. */
  async read<Told extends { now: string }>(ask: () => Promise<Told>): Promise<Told> {
    const asked = this.#own();
    const told = await ask();
    const answered = this.#own();
    const ahead = Date.parse(told.now) - (asked + answered) / 2;
    if (Math.abs(ahead - this.#ahead.get()) > (answered - asked) / 2) this.#ahead.set(ahead);
    return told;
  }
}
