import { readFile, stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { BlobAnswer, BlobQuestion } from './blob-worker.ts';
import { hasCode } from './failure.ts';
import { sha256 } from './seal.ts';

/** A file of more bytes is hashed in the worker: this many take the main thread about a millisecond. */
export const smallBlob = 256 * 1024;

type Found = Extract<BlobAnswer, { found: unknown }>['found'];

interface Waiting {
  resolve(found: Found): void;
  reject(error: Error): void;
}

/** Files of blobs, read and hashed; the large ones in a worker, which is started with the first of them. */
export class BlobFiles {
  #worker: Worker | undefined;
  #waiting: Waiting[] = [];

  /** The digest of what the file holds now; undefined where there is none. */
  async digest(path: string): Promise<string | undefined> {
    return (await this.#look({ path, wanted: false }))?.digest;
  }

  /** What the file holds, with its digest; undefined where there is none. */
  async read(path: string): Promise<{ digest: string; bytes: Uint8Array } | undefined> {
    const found = await this.#look({ path, wanted: true });
    return found?.bytes === undefined ? undefined : { digest: found.digest, bytes: found.bytes };
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #look(question: BlobQuestion): Promise<Found> {
    try {
      if ((await stat(question.path)).size > smallBlob) return await this.#ask(question);
      const bytes = await readFile(question.path);
      return { digest: sha256(bytes), bytes };
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  #ask(question: BlobQuestion): Promise<Found> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#start().postMessage(question);
    });
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./blob-worker.ts', import.meta.url), {
      execArgv: [],
      name: 'store-blobs',
    });
    worker.on('message', (answer: BlobAnswer) => {
      const waiting = this.#waiting.shift();
      if ('found' in answer) waiting?.resolve(answer.found);
      else waiting?.reject(new Error(answer.failed));
    });
    worker.on('error', (error) => this.#lost(worker, error as Error));
    worker.on('exit', () => this.#lost(worker, new Error('The worker for blobs ended.')));
    this.#worker = worker;
    return worker;
  }

  /** Who waits is told; the next question starts another worker. */
  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}
