import type { Clock } from '../ports/clock.ts';

/** Sends in one turn of the event loop: one costs about 10 microseconds. */
const perTurn = 1000;

/**
 * Shares out what all feeds together may be sent in one turn of the event loop, so that thousands of
 * subscribers of what is committed at once hold up nothing else (V6). What does not fit goes on in the next
 * turn, each in its order.
 */
export class TurnBudget {
  readonly #clock: Clock;
  #left = perTurn;
  #renews = false;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one send; false where the turn has none left. */
  take(): boolean {
    if (!this.#renews) this.#renewLater();
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  /** Calls in a later turn. */
  later(work: () => void): void {
    this.#waiting.push(work);
    if (!this.#renews) this.#renewLater();
  }

  #renewLater(): void {
    this.#renews = true;
    this.#clock.soon(() => {
      this.#renews = false;
      this.#left = perTurn;
      for (const work of this.#waiting.splice(0)) work();
    });
  }
}
