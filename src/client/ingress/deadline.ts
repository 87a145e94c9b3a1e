import type { Pace } from '../pace.ts';

/** The attempt took too long. */
export class TimeoutError extends Error {
  constructor() {
    super('No answer in time.');
    this.name = 'TimeoutError';
  }
}

/** Ends attempts that bring nothing for so long; what is progress begins the time anew. */
export class Deadline {
  readonly #pace: Pace;
  readonly #ms: number;
  readonly #over = new AbortController();
  #cancel: () => void;

  constructor(pace: Pace, ms: number) {
    this.#pace = pace;
    this.#ms = ms;
    this.#cancel = this.#start();
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  renew(): void {
    this.#cancel();
    this.#cancel = this.#start();
  }

  /** No longer counted. */
  end(): void {
    this.#cancel();
  }

  #start(): () => void {
    return this.#pace.after(this.#ms, () => this.#over.abort(new TimeoutError()));
  }
}
