import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../ports/store.ts';
import { BlobHolds } from './blob-holds.ts';
import { FileBlobs, MemoryBlobs } from './blobs.ts';
import { Channel } from './channel.ts';
import { SqliteStore } from './sqlite-store.ts';
import { noNotes, UploadFiles, Uploads } from './uploads.ts';

export interface StoreOptions {
  /** The state directory, or `:memory:` for a store that ends with the process. */
  dir: string;
  /**
   * Called when a write or fsync failed or a worker was lost: what is on the disk is not known any more, no
   * waiting append is ever answered, and the process must end.
   */
  onFatal: (error: Error) => void;
  /** The time, for `asOf` of lists. */
  now?: () => Date;
}

const wallClock = (): Date => new Date();

/** Opens the store, creating or migrating its database. Rejects with a sentence that says why it cannot. */
export async function openStore({ dir, onFatal, now = wallClock }: StoreOptions): Promise<Store> {
  const holds = new BlobHolds();
  const clock = (): number => now().getTime();
  if (dir === ':memory:') {
    const only = await Channel.open({ file: dir, role: 'writer' }, onFatal);
    return new SqliteStore({
      writer: only,
      reader: only,
      openChecker: undefined,
      blobs: new MemoryBlobs(holds),
      holds,
      uploads: await Uploads.open(noNotes, clock),
      now,
    });
  }
  await mkdir(join(dir, 'blobs'), { recursive: true, mode: 0o700 });
  const file = join(dir, 'turnkeep.db');
  // SQLite gives its other files the mode of this one.
  await (await open(file, 'a', 0o600)).close();
  const writer = await Channel.open({ file, role: 'writer' }, onFatal);
  const openReader = (): Promise<Channel> => Channel.open({ file, role: 'reader' }, onFatal);
  const blobs = new FileBlobs(join(dir, 'blobs'), holds);
  try {
    await blobs.removeDrafts();
    const store = new SqliteStore({
      writer,
      reader: await openReader(),
      openChecker: openReader,
      blobs,
      holds,
      uploads: await Uploads.open(new UploadFiles(join(dir, 'blobs', 'uploads')), clock),
      now,
    });
    await store.removeLooseBlobs();
    await store.removeUploads();
    return store;
  } catch (error) {
    await writer.close();
    throw error;
  }
}
