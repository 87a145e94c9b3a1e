import type { Connection } from './connection.ts';
import { failureOf } from './failure.ts';
import { wireSize, type WireBatch } from './wire.ts';

/** The log file may grow by about this much before it is copied even though appends are waiting. */
const mostBytes = 16 * 1_048_576;
/** Less than this is not worth a copy when nobody writes. */
const leastBytes = 1_048_576;
const idleMs = 250;
/** Pages that a batch dirties besides its data: its log's, the ids', the row's. */
const bytesPerBatch = 3 * 4096;

/**
 * Copies the write-ahead log into the database between groups, after their callers were answered:
 * when the worker is idle, or when the log has grown large. Passive: never waits for a reader.
 */
export class Checkpoints {
  readonly #connection: Connection;
  readonly #onFatal: (error: unknown) => void;
  #written = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(connection: Connection, onFatal: (error: unknown) => void) {
    this.#connection = connection;
    this.#onFatal = onFatal;
  }

  /** To be told after each group. */
  wrote(batches: readonly WireBatch[]): void {
    let bytes = 0;
    for (const batch of batches) bytes += bytesPerBatch + wireSize(batch);
    this.grew(bytes);
  }

  /** To be told of everything else that makes the log file grow by about so much. */
  grew(bytes: number): void {
    this.#written += bytes;
    if (this.#written >= mostBytes) this.#copy();
    else if (this.#written >= leastBytes) this.#later();
  }

  #later(): void {
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#copy(), idleMs);
    else this.#timer.refresh();
  }

  #copy(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#written = 0;
    try {
      this.#connection.db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      // The log keeps everything until a later copy succeeds; only a failed write or fsync is fatal.
      if (failureOf(error) === 'fatal') this.#onFatal(error);
    }
  }
}
