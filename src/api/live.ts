import type { Caller } from './caller.ts';

/** A stream or socket that stays open. */
export interface Open {
  caller: Caller;
  /** Ends it, with a reason where the face can tell one. Safe to call twice. */
  cut(reason: string): void;
}

/** What is open of every token, so that it ends with the token. */
export class Live {
  #byToken = new Map<string, Set<Open>>();

  add(open: Open): void {
    const { token } = open.caller;
    const opened = this.#byToken.get(token) ?? new Set();
    this.#byToken.set(token, opened.add(open));
  }

  remove(open: Open): void {
    const { token } = open.caller;
    const opened = this.#byToken.get(token);
    if (opened?.delete(open) === true && opened.size === 0) this.#byToken.delete(token);
  }

  cut(token: string, reason: string): void {
    for (const open of [...(this.#byToken.get(token) ?? [])]) open.cut(reason);
  }

  cutAll(reason: string): void {
    for (const token of [...this.#byToken.keys()]) this.cut(token, reason);
  }

  get size(): number {
    let size = 0;
    for (const opened of this.#byToken.values()) size += opened.size;
    return size;
  }
}
