import type { Budget, Spent } from '../domain/budget.ts';
import type { Clock } from '../ports/clock.ts';

/** A timer waits no longer: what it waits for may change without a commit, at midnight. */
const longestMs = 10 * 60_000;

/** Wakes when the next limit of wall time is reached, as runs are open now. */
export class BudgetTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  /** When each account is to be looked at. */
  readonly #due = new Map<string, number>();
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** How an account stands; `running` is how many runs are open that count towards it. Null for none. */
  note(of: string, account: { budget: Budget; spent: Spent; running: number } | null): void {
    const limit = account?.budget.limits.wallMs;
    if (account === null || limit === undefined || account.running === 0) {
      this.#due.delete(of);
      return;
    }
    const { wallMs } = account.spent;
    const next = (Math.floor(wallMs / limit) + 1) * limit;
    const ms = Math.min(longestMs, Math.ceil((next - wallMs) / account.running));
    this.#due.set(of, this.#clock.monotonic() + ms);
  }

  /** Waits for the first of them. */
  arm(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#due.size === 0 || this.#stopped) return;
    const ms = Math.min(...this.#due.values()) - this.#clock.monotonic();
    this.#cancel = this.#clock.after(Math.max(0, ms), () => {
      this.#cancel = null;
      this.#wake();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }
}
