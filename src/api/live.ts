import type { Clock } from '../ports/clock.ts';
import type { Caller } from './caller.ts';

/** Why the server ends what is open: its token has ended, or the server goes away. */
export type CutReason = 'token' | 'server';

/** A stream or socket that stays open. */
export interface Open {
  caller: Caller;
  /** Ends it. Safe to call twice. */
  cut(reason: CutReason): void;
}

/** A timer of Node that is to wait longer does not wait at all. */
const maxTimerMs = 2 ** 31 - 1;

interface OfToken {
  opened: Set<Open>;
  cancelExpiry: () => void;
}

/** What is open of every token, so that it ends with the token: when it is revoked, and when it expires. */
export class Live {
  #clock: Clock;
  #byToken = new Map<string, OfToken>();
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(open: Open): void {
    if (this.#ended) open.cut('server');
    const { token } = open.caller;
    const known = this.#byToken.get(token);
    if (known !== undefined) {
      known.opened.add(open);
      return;
    }
    const added = { opened: new Set([open]), cancelExpiry: (): void => undefined };
    this.#byToken.set(token, added);
    this.#awaitExpiry(added, open.caller);
  }

  remove(open: Open): void {
    const { token } = open.caller;
    const known = this.#byToken.get(token);
    if (known?.opened.delete(open) !== true || known.opened.size > 0) return;
    known.cancelExpiry();
    this.#byToken.delete(token);
  }

  cut(token: string): void {
    this.#cut(token, 'token');
  }

  /** Ends all, and whatever comes after. */
  end(): void {
    this.#ended = true;
    for (const token of this.#byToken.keys()) this.#cut(token, 'server');
  }

  #awaitExpiry(known: OfToken, caller: Caller): void {
    const { token, expiresAt } = caller;
    if (expiresAt === null) return;
    const left = Math.max(0, Date.parse(expiresAt) - this.#clock.now());
    known.cancelExpiry = this.#clock.after(Math.min(left, maxTimerMs), () => {
      if (left > maxTimerMs) this.#awaitExpiry(known, caller);
      else this.cut(token);
    });
  }

  #cut(token: string, reason: CutReason): void {
    for (const open of this.#byToken.get(token)?.opened ?? []) open.cut(reason);
  }
}
