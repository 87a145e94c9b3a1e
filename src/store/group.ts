import type { AppendBatch, Verdict } from '../ports/store.ts';
import { wireBatch, wireSize, type WireBatch } from './wire.ts';

interface Waiting {
  batches: WireBatch[];
  size: number;
  resolve(verdicts: readonly Verdict[]): void;
  reject(error: unknown): void;
}

/** A group is one message and one transaction: bounded, so that neither takes long. */
const groupBytes = 8 * 1_048_576;
const groupCalls = 1024;

/**
 * Group commit. While one group is being committed the next one gathers; it is sent when the worker is
 * free, but not before everybody who was just answered had the chance to append again.
 */
export class GroupCommit {
  readonly #commit: (batches: readonly WireBatch[]) => Promise<readonly Verdict[]>;
  #waiting: Waiting[] = [];
  #busy = false;
  #drained: (() => void)[] = [];

  constructor(commit: (batches: readonly WireBatch[]) => Promise<readonly Verdict[]>) {
    this.#commit = commit;
  }

  append(batches: readonly AppendBatch[]): Promise<readonly Verdict[]> {
    const wired = batches.map(wireBatch);
    const size = wired.reduce((sum, batch) => sum + wireSize(batch), 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batches: wired, size, resolve, reject });
      this.#wake();
    });
  }

  /** Resolves when nothing waits and nothing is in flight. */
  drain(): Promise<void> {
    if (!this.#busy && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #wake(): void {
    if (this.#busy) return;
    this.#busy = true;
    setImmediate(() => void this.#send(this.#take()));
  }

  #take(): Waiting[] {
    let bytes = 0;
    const count = this.#waiting.findIndex(({ size }, index) => {
      bytes += size;
      return index > 0 && (bytes > groupBytes || index >= groupCalls);
    });
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count);
  }

  async #send(group: readonly Waiting[]): Promise<void> {
    try {
      const verdicts = await this.#commit(group.flatMap(({ batches }) => batches));
      let first = 0;
      for (const waiting of group) {
        const { length } = waiting.batches;
        waiting.resolve(verdicts.slice(first, first + length));
        first += length;
      }
    } catch (error) {
      for (const waiting of group) waiting.reject(error);
    }
    this.#busy = false;
    if (this.#waiting.length > 0) this.#wake();
    else for (const drained of this.#drained.splice(0)) drained();
  }
}
