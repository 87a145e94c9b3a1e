import type { LogFacts } from './verdict.ts';

/** Where a session's log stands; `num` is the session's row number. */
export interface SessionLog extends LogFacts {
  num: number;
}

const remembered = 10_000;

/**
 * What the one connection that writes remembers of what it wrote, to spare each append the same reads and
 * writes: where logs stand, and which kinds are marked in which block. Only what is committed may stay: a
 * transaction that was rolled back forgets everything.
 */
export class WriterMemory {
  readonly #logs = new Map<string, SessionLog>();
  readonly #marks = new Set<string>();

  log(session: string): SessionLog | undefined {
    return this.#logs.get(session);
  }

  setLog(session: string, log: SessionLog): void {
    if (this.#logs.size >= remembered) this.#logs.clear();
    this.#logs.set(session, log);
  }

  /** Whether the mark is new, and remembers it. */
  mark(mark: string): boolean {
    if (this.#marks.has(mark)) return false;
    if (this.#marks.size >= remembered) this.#marks.clear();
    this.#marks.add(mark);
    return true;
  }

  forget(): void {
    this.#logs.clear();
    this.#marks.clear();
  }
}
