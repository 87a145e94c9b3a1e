import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MemoryFiles } from '../ports/memory-files.ts';

/** Only the user whose agents these are reads their conversations. */
export const fileMode = 0o600;
const folderMode = 0o700;
const deepest = 8;

/** What is at a path, seen without following a link. */
export async function kindAt(path: string): Promise<'file' | 'folder' | 'other' | 'nothing'> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (found === null) return 'nothing';
  if (found.isFile()) return 'file';
  return found.isDirectory() ? 'folder' : 'other';
}

/** Makes the folder of a file beneath `root`; false where one of them is a link or no folder. */
export async function makeFolder(root: string, path: string): Promise<boolean> {
  await mkdir(root, { recursive: true, mode: folderMode });
  const real = await realpath(root);
  const folder = dirname(join(real, path));
  try {
    await mkdir(folder, { recursive: true, mode: folderMode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'ENOENT') return false;
    throw error;
  }
  return (await realpath(folder)) === folder;
}

/** Puts a whole file in its place at once, so that it outlives a power cut. */
export async function putFile(draft: string, path: string): Promise<void> {
  await sync(draft);
  await rename(draft, path);
  await sync(dirname(path));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface FoundFile {
  /** Its name as a file of the conversation. */
  file: string;
  path: string;
  changedAt: number;
}

/** The files of a session beneath the agent's folder, links left out. */
export async function findFiles(
  root: string,
  files: Pick<MemoryFiles, 'fileAt' | 'mayHold'>,
  nativeId: string,
): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const look = async (folder: string, depth: number): Promise<void> => {
    const there = await readdir(join(root, folder), { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'EACCES') return [];
        throw error;
      },
    );
    for (const item of there) {
      const path = folder === '' ? item.name : `${folder}/${item.name}`;
      if (item.isDirectory()) {
        if (depth < deepest && files.mayHold(path, nativeId)) await look(path, depth + 1);
        continue;
      }
      const file = item.isFile() ? files.fileAt(path, nativeId) : null;
      if (file === null) continue;
      const { mtimeMs } = await lstat(join(root, path));
      found.push({ file, path: join(root, path), changedAt: mtimeMs });
    }
  };
  await look('', 0);
  return found;
}
