// Standard output: one JSON-RPC message a line, in order, never faster than it is taken.
import { closeSync } from 'node:fs';
import process from 'node:process';

export type Message = Readonly<Record<string, unknown>>;

/** Writes what belongs together; nothing else comes between two of its writes. */
export type RawWrite = (bytes: string | Uint8Array) => Promise<void>;

export class Output {
  #tail: Promise<void> = Promise.resolve();
  #closed = false;

  constructor() {
    // A reader that has gone away is no failure of ours: stdin's end follows, and ends us.
    process.stdout.on('error', () => {
      this.#closed = true;
    });
  }

  /** Resolves when the line has been handed to the operating system. */
  send(message: Message): Promise<void> {
    const line = JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n';
    return this.exclusive((write) => write(line));
  }

  /** For bytes that are no message, or too many for one string. */
  exclusive(work: (write: RawWrite) => Promise<void>): Promise<void> {
    const done = this.#tail.then(() => work((bytes) => this.#write(bytes)));
    // Failed work is its caller's affair; the lines behind it still go out.
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all that was sent before is out. */
  drained(): Promise<void> {
    return this.#tail;
  }

  /** Closes the descriptor while the process lives on; what is sent later is dropped. */
  async close(): Promise<void> {
    await this.#tail;
    if (this.#closed) return;
    this.#closed = true;
    closeSync(1);
  }

  #write(bytes: string | Uint8Array): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      process.stdout.write(bytes, () => resolve());
    });
  }
}
