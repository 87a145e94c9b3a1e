import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/**
 * The file of everything sent to the agent. Bytes are written at their own offset, not appended: writing
 * what is already there again, by this daemon or by one after it, changes nothing, and a write that a crash
 * or a full disk tore is completed by writing the rest. The agent cannot hold this up: the file takes all.
 */
export class Input {
  readonly #path: string;
  #handle: FileHandle | undefined;
  /** Bytes in the file; unknown until it was asked, and after a failed write. */
  #size: number | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(path: string) {
    this.#path = path;
  }

  size(): Promise<number> {
    return this.#inTurn(async () => this.#knownSize(await this.#open()));
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      const handle = await this.#open();
      let size = await this.#knownSize(handle);
      if (offset > size) {
        throw new RangeError(`input at ${offset} would leave a gap: the file ends at ${size}`);
      }
      this.#size = undefined;
      while (size < offset + bytes.length) {
        const missing = bytes.subarray(size - offset);
        size += (await handle.write(missing, 0, missing.length, size)).bytesWritten;
      }
      this.#size = size;
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#closed = true;
      const handle = this.#handle;
      this.#handle = undefined;
      await handle?.close();
    });
  }

  async #open(): Promise<FileHandle> {
    if (this.#closed) throw new Error(`released: ${this.#path}`);
    this.#handle ??= await open(this.#path, constants.O_WRONLY);
    return this.#handle;
  }

  async #knownSize(handle: FileHandle): Promise<number> {
    this.#size ??= (await handle.stat()).size;
    return this.#size;
  }

  /** One after the other, in the order of the calls; one that fails does not stop the next. */
  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const result = this.#turn.then(act, act);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
