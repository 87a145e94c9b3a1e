import type { RefusalError } from '../domain/refusal.ts';
import { unavailable } from './refusal.ts';

/** Called at once when the answer arrives, before the next message is looked at. */
export interface Asker {
  done(result: unknown): void;
  failed(error: RefusalError): void;
}

/** Requests on one socket that wait for their answer. */
export class Answers {
  #next = 1;
  readonly #waiting = new Map<number, Asker>();

  get size(): number {
    return this.#waiting.size;
  }

  /** The id for a new request. */
  add(asker: Asker): number {
    const id = this.#next;
    this.#next += 1;
    this.#waiting.set(id, asker);
    return id;
  }

  take(id: unknown): Asker | undefined {
    if (typeof id !== 'number') return undefined;
    const asker = this.#waiting.get(id);
    this.#waiting.delete(id);
    return asker;
  }

  /** No answer will come any more. */
  loseAll(): void {
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const asker of lost)
      asker.failed(unavailable('The connection was lost before the answer.'));
  }
}
