import { limits } from '../../domain/limits.ts';
import type { Clock } from '../../ports/clock.ts';

/** A socket that has used up its messages rests this long, so that it is not stopped for each of them. */
const restMs = 100;

/** The messages that one socket may send: some at once, and then so many in a second. */
export class MessageBudget {
  #clock: Clock;
  #left = limits.messagesAtOnce as number;
  #at: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** Counts a message; answers the milliseconds to rest where there was none left, else null. */
  take(): number | null {
    const now = this.#clock.monotonic();
    const more = ((now - this.#at) / 1000) * limits.messagesPerSecond;
    this.#left = Math.min(limits.messagesAtOnce, this.#left + more);
    this.#at = now;
    if (this.#left < 1) return restMs;
    this.#left -= 1;
    return null;
  }
}
