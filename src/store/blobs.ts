import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobRef } from '../domain/content.ts';
import { refuse } from '../domain/refusal.ts';
import { BlobFiles, smallBlob } from './blob-files.ts';
import type { BlobHolds } from './blob-holds.ts';
import { hasCode, messageOf } from './failure.ts';
import { sha256 } from './seal.ts';

/** Content-addressed bytes. What `get` answers has the digest that was asked for. */
export interface Blobs {
  /** A given digest is believed: the caller has computed it from these bytes. */
  put(bytes: Uint8Array, digest?: string): Promise<BlobRef>;
  get(digest: string): Promise<Uint8Array | undefined>;
  /** Writes what comes in pieces, without holding it whole; it is no blob before it is placed. */
  draft(pieces: AsyncIterable<Uint8Array>): Promise<BlobDraft>;
  /** Undefined where there is none. */
  size(digest: string): Promise<number | undefined>;
  /** Those that are not there are gone already. */
  remove(digests: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface BlobDraft {
  ref: BlobRef;
  /** Makes it a blob: on the disk under its name when it resolves. */
  place(): Promise<void>;
  /** Nothing is left of it where it was not placed. */
  drop(): Promise<void>;
}

const digestPattern = /^[0-9a-f]{64}$/;

function checkDigest(digest: string | undefined): void {
  if (digest === undefined || digestPattern.test(digest)) return;
  throw refuse('invalid', 'The digest of a blob is 64 hexadecimal digits.', { field: 'digest' });
}

export class MemoryBlobs implements Blobs {
  readonly #kept = new Map<string, Uint8Array>();
  readonly #holds: BlobHolds;

  constructor(holds: BlobHolds) {
    this.#holds = holds;
  }

  async put(bytes: Uint8Array, given?: string): Promise<BlobRef> {
    checkDigest(given);
    const digest = given ?? sha256(bytes);
    await this.#holds.hold(digest);
    this.#kept.set(digest, bytes.slice());
    return { digest, size: bytes.byteLength };
  }

  get(digest: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#kept.get(digest));
  }

  async draft(pieces: AsyncIterable<Uint8Array>): Promise<BlobDraft> {
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(piece);
    const bytes = Buffer.concat(all);
    const digest = sha256(bytes);
    return {
      ref: { digest, size: bytes.byteLength },
      place: () => Promise.resolve(void this.#kept.set(digest, bytes)),
      drop: () => Promise.resolve(),
    };
  }

  size(digest: string): Promise<number | undefined> {
    return Promise.resolve(this.#kept.get(digest)?.byteLength);
  }

  remove(digests: readonly string[]): Promise<void> {
    for (const digest of digests) this.#kept.delete(digest);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const draftPrefix = 'draft-';

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncIfThere(path: string): Promise<void> {
  try {
    await sync(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

/**
 * One file per blob, named by its digest. Files and not rows: a blob of megabytes would hold up every
 * commit. A blob is on the disk under its name, whole, before `put` resolves, so an entry that refers to
 * it is never committed first.
 */
export class FileBlobs implements Blobs {
  readonly #dir: string;
  readonly #holds: BlobHolds;
  readonly #files = new BlobFiles();

  constructor(dir: string, holds: BlobHolds) {
    this.#dir = dir;
    this.#holds = holds;
  }

  /** A wrong name would be found by `get`, and a whole blob of that name takes the place of a damaged one. */
  async put(bytes: Uint8Array, given?: string): Promise<BlobRef> {
    checkDigest(given);
    const size = bytes.byteLength;
    const known = given ?? (size <= smallBlob ? sha256(bytes) : undefined);
    if (known === undefined) return { digest: await this.#write(bytes, undefined), size };
    await this.#holds.hold(known);
    try {
      const there = (await this.#files.digest(this.#path(known))) === known;
      return { digest: there ? known : await this.#write(bytes, known), size };
    } catch (error) {
      this.#holds.release([known]);
      throw error;
    }
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    if (!digestPattern.test(digest)) return undefined;
    const stored = await this.#files.read(this.#path(digest));
    if (stored === undefined) return undefined;
    if (stored.digest !== digest) throw refuse('internal', `Blob ${digest} is damaged.`);
    return stored.bytes;
  }

  async draft(pieces: AsyncIterable<Uint8Array>): Promise<BlobDraft> {
    const path = join(this.#dir, `${draftPrefix}${randomUUID()}`);
    try {
      const ref = await writtenTo(path, pieces);
      return {
        ref,
        place: () => this.#placing(path, ref.digest),
        drop: () => rm(path, { force: true }),
      };
    } catch (error) {
      await rm(path, { force: true });
      throw fullOr(error);
    }
  }

  async #placing(draft: string, digest: string): Promise<void> {
    await this.#place(draft, this.#path(digest)).catch((error: unknown) => {
      throw fullOr(error);
    });
  }

  async size(digest: string): Promise<number | undefined> {
    if (!digestPattern.test(digest)) return undefined;
    try {
      return (await stat(this.#path(digest))).size;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** On the disk when it resolves: no power cut brings one back. */
  async remove(digests: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const digest of digests) {
      checkDigest(digest);
      await rm(this.#path(digest), { force: true });
      folders.add(dirname(this.#path(digest)));
    }
    for (const folder of folders) await syncIfThere(folder);
  }

  /** What a write that was cut off has left. */
  async removeDrafts(): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      if (name.startsWith(draftPrefix)) await rm(join(this.#dir, name), { force: true });
    }
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  #path(digest: string): string {
    return join(this.#dir, digest.slice(0, 2), digest);
  }

  /** What has no name yet gets it from the file: there, it can be hashed without a copy by the main thread. */
  async #write(bytes: Uint8Array, known: string | undefined): Promise<string> {
    const draft = join(this.#dir, `${draftPrefix}${randomUUID()}`);
    try {
      const handle = await open(draft, 'wx', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      const digest = known ?? (await this.#files.digest(draft));
      if (digest === undefined) throw new Error(`${draft} is gone`);
      if (known === undefined) await this.#holds.hold(digest);
      await this.#place(draft, this.#path(digest));
      return digest;
    } catch (error) {
      await rm(draft, { force: true });
      throw fullOr(error);
    }
  }

  async #place(draft: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(draft, path);
    await sync(dirname(path));
    await sync(this.#dir);
  }
}

/** A full disk as a refusal; every other error as it is. */
function fullOr(error: unknown): unknown {
  if (!hasCode(error, 'ENOSPC', 'EDQUOT')) return error;
  return refuse('unavailable', `The disk is full: ${messageOf(error)}`);
}

async function writtenTo(path: string, pieces: AsyncIterable<Uint8Array>): Promise<BlobRef> {
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of pieces) {
      hash.update(piece);
      size += piece.byteLength;
      await writeWhole(file, piece);
    }
    await file.sync();
    return { digest: hash.digest('hex'), size };
  } finally {
    await file.close();
  }
}

/** One write may take less than all. */
async function writeWhole(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.byteLength;) {
    at += (await file.write(piece, at)).bytesWritten;
  }
}
