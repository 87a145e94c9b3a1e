import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobRef } from '../domain/content.ts';
import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';
import { sha256 } from './seal.ts';

/** A blob that was put by `owner`, who may name it in an entry until then. */
export interface Upload extends BlobRef {
  owner: string;
  /** Milliseconds since the epoch. */
  until: number;
}

/** Where uploads are noted, so that those of a daemon that ended are known to the next. */
export interface UploadNotes {
  read(): Promise<readonly Upload[]>;
  /** On the disk when it resolves; in the place of one of the same owner and blob. */
  write(upload: Upload): Promise<void>;
  remove(uploads: readonly Upload[]): Promise<void>;
}

export const noNotes: UploadNotes = {
  read: () => Promise.resolve([]),
  write: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

const draftPrefix = 'draft-';

/** A small file for each. What is torn or strange says nothing, and goes. */
export class UploadFiles implements UploadNotes {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async read(): Promise<readonly Upload[]> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const uploads: Upload[] = [];
    for (const name of await readdir(this.#dir)) {
      const path = join(this.#dir, name);
      const upload = name.startsWith(draftPrefix) ? null : uploadIn(await readFile(path, 'utf8'));
      if (upload === null || nameOf(upload) !== name) await rm(path, { force: true });
      else uploads.push(upload);
    }
    return uploads;
  }

  async write(upload: Upload): Promise<void> {
    const draft = join(this.#dir, `${draftPrefix}${randomUUID()}`);
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(upload));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, join(this.#dir, nameOf(upload)));
    await this.#sync();
  }

  async remove(uploads: readonly Upload[]): Promise<void> {
    for (const upload of uploads) await rm(join(this.#dir, nameOf(upload)), { force: true });
    await this.#sync();
  }

  async #sync(): Promise<void> {
    const directory = await open(this.#dir, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

/** What a token is called never becomes a file name. */
function nameOf({ digest, owner }: Upload): string {
  return `${digest}-${sha256(owner).slice(0, 16)}`;
}

function uploadIn(text: string): Upload | null {
  try {
    const { digest, size, owner, until } = JSON.parse(text) as Partial<Upload>;
    const whole = typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
    const known = Number.isInteger(size) && typeof owner === 'string' && Number.isFinite(until);
    return whole && known ? { digest, size: size!, owner, until: until! } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Blobs that were put by clients and are kept for entries that will name them. */
export class Uploads {
  readonly #notes: UploadNotes;
  readonly #now: () => number;
  readonly #kept = new Map<string, Upload[]>();
  #bytes = 0;

  private constructor(notes: UploadNotes, now: () => number) {
    this.#notes = notes;
    this.#now = now;
  }

  static async open(notes: UploadNotes, now: () => number): Promise<Uploads> {
    const uploads = new Uploads(notes, now);
    for (const upload of await notes.read()) uploads.#add(upload);
    return uploads;
  }

  has(digest: string): boolean {
    return this.#kept.has(digest);
  }

  /** Whether it was put by that owner, or by anybody where null, and its time is not over. */
  isOf(digest: string, owner: string | null): boolean {
    const kept = this.#kept.get(digest) ?? [];
    return kept.some((upload) => (owner ?? upload.owner) === upload.owner && !this.#isOver(upload));
  }

  async keep({ digest, size }: BlobRef, owner: string): Promise<void> {
    if (!this.has(digest) && this.#bytes + size > limits.uploadsBytes) {
      const most = limits.uploadsBytes / 1024 ** 2;
      const message = `${most} MiB of blobs wait to be named by a prompt: name some, or wait until they go.`;
      throw refuse('limited', message, { data: { retryAfter: 3600 } });
    }
    const upload = { digest, size, owner, until: this.#now() + limits.uploadMs };
    await this.#notes.write(upload);
    this.#add(upload);
  }

  /** Those whose time is over. */
  over(): readonly Upload[] {
    return [...this.#kept.values()].flat().filter((upload) => this.#isOver(upload));
  }

  async forget(uploads: readonly Upload[]): Promise<void> {
    for (const { digest, owner } of uploads) this.#take(digest, owner);
    await this.#notes.remove(uploads);
  }

  #isOver({ until }: Upload): boolean {
    return until <= this.#now();
  }

  #add(upload: Upload): void {
    this.#take(upload.digest, upload.owner);
    const others = this.#kept.get(upload.digest) ?? [];
    if (others.length === 0) this.#bytes += upload.size;
    this.#kept.set(upload.digest, [...others, upload]);
  }

  #take(digest: string, owner: string): void {
    const kept = this.#kept.get(digest);
    if (kept === undefined) return;
    const others = kept.filter((upload) => upload.owner !== owner);
    if (others.length > 0) {
      this.#kept.set(digest, others);
      return;
    }
    this.#kept.delete(digest);
    this.#bytes -= kept[0]?.size ?? 0;
  }
}
