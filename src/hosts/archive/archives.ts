import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ArchiveDamaged,
  type ArchiveFile,
  type RawReader,
  type SentMark,
} from '../../ports/raw.ts';
import type { HostPaths } from '../directory/layout.ts';
import { absent, unless } from '../directory/system-error.ts';
import { Spool } from '../spool/spool.ts';
import { archiveName, draftName, hostOfArchive, isDraft } from './format.ts';
import { Archive } from './read.ts';
import { writeArchive } from './write.ts';

/**
 * The archives of hosts that have ended, one file each, under a name that only a whole one ever has.
 *
 *   directory ──▶ draft ──fsync──▶ read back, compared ──rename──▶ archive ──fsync of the directory──▶
 *
 * Whatever step is the last one, the host's directory is still there or the archive is whole.
 */
export class Archives {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Makes the directory if it is not there, and removes the drafts that a crash has left. */
  static async open(directory: string): Promise<Archives> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const drafts = (await readdir(directory)).filter(isDraft);
    for (const name of drafts) await rm(join(directory, name), { force: true });
    return new Archives(directory);
  }

  async make(
    host: string,
    files: RawReader | undefined,
    marks: readonly SentMark[],
    signal: AbortSignal,
  ): Promise<'archived' | 'nothing'> {
    if (await this.#isWhole(host, signal)) return 'archived';
    if (files === undefined) return 'nothing';
    const [outSize, inSize] = [await files.size('out'), await files.size('in')];
    if (outSize === 0 && inSize === 0) return 'nothing';
    // What the store took and the file does not have was never sent.
    const sent = marks.filter((mark) => mark.offset < inSize);
    const draft = join(this.#directory, draftName(host));
    try {
      await writeArchive(draft, { host, files, outSize, inSize, marks: sent }, signal);
      await this.#verify(draft, host, { outSize, inSize, signal });
      await rename(draft, join(this.#directory, archiveName(host)));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await this.#sync();
    return 'archived';
  }

  find(host: string): Promise<Archive | undefined> {
    return Archive.open(join(this.#directory, archiveName(host)), host);
  }

  async list(): Promise<readonly ArchiveFile[]> {
    const found: ArchiveFile[] = [];
    for (const name of await readdir(this.#directory)) {
      const host = hostOfArchive(name);
      const file = await unless(absent, stat(join(this.#directory, name)));
      if (host !== undefined && file !== undefined) {
        found.push({ host, bytes: file.size, at: file.mtimeMs });
      }
    }
    return found;
  }

  async remove(host: string): Promise<void> {
    await rm(join(this.#directory, archiveName(host)), { force: true });
  }

  async #verify(
    path: string,
    host: string,
    made: { outSize: number; inSize: number; signal: AbortSignal },
  ): Promise<void> {
    const archive = await Archive.open(path, host);
    if (archive === undefined) throw new ArchiveDamaged('the archive is gone');
    try {
      await archive.verify(made.signal);
      const sizes = [await archive.size('out'), await archive.size('in')];
      if (sizes[0] !== made.outSize || sizes[1] !== made.inSize) {
        throw new ArchiveDamaged(`the archive holds ${sizes.join(' and ')} bytes`);
      }
    } finally {
      await archive.close();
    }
  }

  /** One that an earlier daemon has made; a damaged one is made again while the directory is there. */
  async #isWhole(host: string, signal: AbortSignal): Promise<boolean> {
    try {
      const archive = await this.find(host);
      if (archive === undefined) return false;
      try {
        await archive.verify(signal);
      } finally {
        await archive.close();
      }
      return true;
    } catch (error) {
      if (error instanceof ArchiveDamaged) return false;
      throw error;
    }
  }

  async #sync(): Promise<void> {
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

/** The files in a host's directory; undefined where there is none. */
export async function directoryFiles(paths: HostPaths): Promise<RawReader | undefined> {
  if ((await unless(absent, stat(paths.directory))) === undefined) return undefined;
  const files = { out: new Spool(paths.spool), in: new Spool(paths.input) };
  return {
    size: (direction) => files[direction].size(),
    read: (direction, offset, maxBytes) => files[direction].read(offset, maxBytes),
    close: async () => {
      await files.out.close();
      await files.in.close();
    },
  };
}
