import { setTimeout as wait } from 'node:timers/promises';
import { refuse } from '../domain/refusal.ts';
import type { BlobHolds } from './blob-holds.ts';
import type { Blobs } from './blobs.ts';
import type { Channel } from './channel.ts';
import type { Uploads } from './uploads.ts';

const blobsAtOnce = 100;
/** A long read holds the write-ahead log; it is tried again so often, and so many times. */
const busyMs = 100;
const busyTries = 300;

export interface PurgerParts {
  writer: Channel;
  reader: Channel;
  blobs: Blobs;
  holds: BlobHolds;
  uploads: Uploads;
  now: () => Date;
}

/** Removes sessions for good, a slice at a time, so that other sessions' appends go between. */
export class Purger {
  readonly #parts: PurgerParts;

  constructor(parts: PurgerParts) {
    this.#parts = parts;
  }

  async purge(session: string): Promise<readonly string[]> {
    const { writer, now } = this.#parts;
    const at = now().toISOString();
    let slice = await writer.call('purgeSlice', session, at);
    while (!slice.done) slice = await writer.call('purgeSlice', session, at);
    await this.removeBlobs();
    await this.#emptyLog();
    await writer.call('endPurge', session);
    return slice.hosts;
  }

  /** Blobs that were put and named by no entry in their time. */
  async removeUploads(): Promise<void> {
    const { writer, uploads } = this.#parts;
    const over = uploads.over();
    if (over.length === 0) return;
    // First, so that none is forgotten by a process that ends in between.
    await writer.call(
      'loosenBlobs',
      over.map(({ digest }) => digest),
    );
    await uploads.forget(over);
    await this.removeBlobs();
  }

  /**
   * Files of blobs that no entry names any more; those that somebody puts at this moment, or has put for an
   * entry that will name them, wait.
   */
  async removeBlobs(): Promise<void> {
    const { reader, holds, uploads } = this.#parts;
    let last = '';
    for (;;) {
      const waiting = await reader.call('waitingBlobs', last, blobsAtOnce);
      if (waiting.length === 0) return;
      last = waiting.at(-1) ?? '';
      const unkept = waiting.filter((digest) => !uploads.has(digest));
      await holds.whileFree(unkept, (free) => this.#removeFree(free));
    }
  }

  async #removeFree(free: readonly string[]): Promise<void> {
    const { writer, blobs } = this.#parts;
    const loose = await writer.call('looseBlobs', free);
    await blobs.remove(loose);
    await writer.call('settleBlobs', free);
  }

  async #emptyLog(): Promise<void> {
    for (let tries = 1; !(await this.#parts.writer.call('emptyLog')); tries += 1) {
      if (tries >= busyTries) {
        const message = 'The session is gone, but a long read still holds the log: purge it again.';
        throw refuse('unavailable', message);
      }
      await wait(busyMs);
    }
  }
}
