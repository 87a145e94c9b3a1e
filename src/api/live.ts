import type { Caller } from './caller.ts';

/** Why the server ends what is open: its token has ended, or the server goes away. */
export type CutReason = 'token' | 'server';

/** A stream or socket that stays open. */
export interface Open {
  caller: Caller;
  /** Ends it. Safe to call twice. */
  cut(reason: CutReason): void;
}

/** What is open of every token, so that it ends with the token. */
export class Live {
  #byToken = new Map<string, Set<Open>>();
  #ended = false;

  add(open: Open): void {
    if (this.#ended) open.cut('server');
    const { token } = open.caller;
    const opened = this.#byToken.get(token) ?? new Set();
    this.#byToken.set(token, opened.add(open));
  }

  remove(open: Open): void {
    const { token } = open.caller;
    const opened = this.#byToken.get(token);
    if (opened?.delete(open) === true && opened.size === 0) this.#byToken.delete(token);
  }

  cut(token: string): void {
    this.#cut(token, 'token');
  }

  /** Ends all, and whatever comes after. */
  end(): void {
    this.#ended = true;
    for (const token of this.#byToken.keys()) this.#cut(token, 'server');
  }

  #cut(token: string, reason: CutReason): void {
    for (const open of this.#byToken.get(token) ?? []) open.cut(reason);
  }
}
