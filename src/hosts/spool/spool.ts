import { open, type FileHandle } from 'node:fs/promises';
import { absent, unless } from '../directory/system-error.ts';

/**
 * A host's file, opened once and read by offset. The agent writes to it; nobody else does. One that a power
 * cut took away is empty.
 */
export class Spool {
  readonly #path: string;
  #handle: Promise<FileHandle | undefined> | undefined;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  async size(): Promise<number> {
    const handle = await this.#open();
    return handle === undefined ? 0 : (await handle.stat()).size;
  }

  async read(offset: number, maxBytes: number): Promise<Uint8Array> {
    const handle = await this.#open();
    if (handle === undefined) return new Uint8Array(0);
    const { size } = await handle.stat();
    const length = Math.min(maxBytes, size - offset);
    if (length <= 0) return new Uint8Array(0);
    // A buffer of its own: lines refer to it, and a pooled one would keep its neighbours alive.
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const handle = await this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #open(): Promise<FileHandle | undefined> {
    if (this.#closed) throw new Error(`released: ${this.#path}`);
    this.#handle ??= unless(absent, open(this.#path, 'r'));
    try {
      return await this.#handle;
    } catch (error) {
      // Not for ever: there may have been too many open files just then.
      this.#handle = undefined;
      throw error;
    }
  }
}
