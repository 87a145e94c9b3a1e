import type { Budget, Spent } from '../domain/budget.ts';
import type { Clock } from '../ports/clock.ts';

/** A timer waits no longer: what it waits for may change without a commit, at midnight. */
const longestMs = 10 * 60_000;

/** Wakes when the next limit of wall time is reached, as runs are open now. */
export class BudgetTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** `running` is how many runs are open that count towards the budget. */
  arm(accounts: readonly { budget: Budget; spent: Spent; running: number }[]): void {
    this.#cancel?.();
    this.#cancel = null;
    const waits = accounts.flatMap(({ budget, spent, running }) => {
      const { wallMs: limit } = budget.limits;
      if (limit === undefined || running === 0) return [];
      const next = (Math.floor(spent.wallMs / limit) + 1) * limit;
      return [Math.ceil((next - spent.wallMs) / running)];
    });
    if (waits.length === 0 || this.#stopped) return;
    this.#cancel = this.#clock.after(Math.min(longestMs, ...waits), () => {
      this.#cancel = null;
      this.#wake();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }
}
