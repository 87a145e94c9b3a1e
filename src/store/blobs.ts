import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobRef } from '../domain/content.ts';
import { refuse } from '../domain/refusal.ts';
import { messageOf } from './failure.ts';
import { sha256 } from './seal.ts';

/** Content-addressed bytes. What `get` answers has the digest that was asked for. */
export interface Blobs {
  put(bytes: Uint8Array): Promise<BlobRef>;
  get(digest: string): Promise<Uint8Array | undefined>;
}

const digestPattern = /^[0-9a-f]{64}$/;

export class MemoryBlobs implements Blobs {
  readonly #kept = new Map<string, Uint8Array>();

  put(bytes: Uint8Array): Promise<BlobRef> {
    const digest = sha256(bytes);
    this.#kept.set(digest, Uint8Array.from(bytes));
    return Promise.resolve({ digest, size: bytes.byteLength });
  }

  get(digest: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#kept.get(digest));
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as { code?: unknown }).code));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * One file per blob, named by its digest. Files and not rows: a blob of megabytes would hold up every
 * commit. A blob is on the disk under its name, whole, before `put` resolves, so an entry that refers to
 * it is never committed first.
 */
export class FileBlobs implements Blobs {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async put(bytes: Uint8Array): Promise<BlobRef> {
    const digest = sha256(bytes);
    const stored = await this.#read(digest);
    if (stored === undefined || sha256(stored) !== digest) await this.#write(digest, bytes);
    return { digest, size: bytes.byteLength };
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    const bytes = digestPattern.test(digest) ? await this.#read(digest) : undefined;
    if (bytes === undefined) return undefined;
    if (sha256(bytes) !== digest) throw refuse('internal', `Blob ${digest} is damaged.`);
    return bytes;
  }

  #path(digest: string): string {
    return join(this.#dir, digest.slice(0, 2), digest);
  }

  async #read(digest: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#path(digest));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async #write(digest: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(digest);
    const draft = join(this.#dir, `draft-${randomUUID()}`);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const handle = await open(draft, 'wx', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, path);
      await sync(dirname(path));
      await sync(this.#dir);
    } catch (error) {
      await rm(draft, { force: true });
      if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error;
      throw refuse('unavailable', `The disk is full: ${messageOf(error)}`);
    }
  }
}
