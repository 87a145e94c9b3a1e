import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Space } from '../ports/space.ts';

const pieceBytes = 1024 * 1024;

/** Space of the file system that a directory is on; the reserve is the file `reserve` in it. */
export function directorySpace(directory: string): Space {
  const path = join(directory, 'reserve');
  return {
    async free() {
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize;
    },
    async reserve(bytes) {
      const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      if (found?.size === bytes) return;
      await rm(path, { force: true });
      await fill(path, bytes);
    },
    release: () => rm(path, { force: true }),
  };
}

/** Written out, so that the blocks are really taken. */
async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const piece = new Uint8Array(pieceBytes).fill(0x54);
    for (let at = 0; at < bytes; at += pieceBytes) {
      await file.write(piece, 0, Math.min(pieceBytes, bytes - at), at);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
