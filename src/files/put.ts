import { lstat, mkdir, open, rename, rm, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileTarget, PutFile } from '../ports/files.ts';
import type { Bounds } from './area.ts';
import { readPlace } from './read.ts';

const newMode = 0o644;

/**
 * Writes beside the file and renames over it, so that nobody sees half of it. Between the last look and the
 * rename somebody else may still write: that is what a rename over it loses, here as in any editor.
 */
export async function putPlace(bounds: Bounds, put: PutFile): Promise<'done' | 'changed'> {
  const { path, area, to, maxBytes } = put;
  const folder = dirname(path);
  const draft = join(folder, `.turnkeep-${put.name}`);
  const look = async (): Promise<boolean> =>
    put.expected(await readPlace(bounds, { path, area, maxBytes }));
  if (!(await look())) {
    if (await bounds.isPlain(draft, area)) await rm(draft, { force: true });
    return 'changed';
  }
  await demandPlain(bounds, put);
  if (to.state === 'absent') {
    await removeFile(path);
    if (await isFolder(folder)) await sync(folder);
    return 'done';
  }
  const there = await lstat(path).catch(() => null);
  const mode = there?.isFile() === true ? there.mode : newMode;
  await mkdir(folder, { recursive: true });
  await demandPlain(bounds, put);
  await rm(draft, { force: true });
  try {
    await write(draft, to, mode);
    if (!(await look())) return 'changed';
    await demandPlain(bounds, put);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  await sync(folder);
  return 'done';
}

async function demandPlain(bounds: Bounds, { path, area }: PutFile): Promise<void> {
  if (await bounds.isPlain(path, area)) return;
  throw new Error('it lies outside of the directories of the session, or behind a link');
}

async function write(
  draft: string,
  to: Exclude<FileTarget, { state: 'absent' }>,
  found: number,
): Promise<void> {
  if (to.state === 'link') return symlink(to.target, draft);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(to.bytes);
    await handle.chmod((to.mode ?? found) & 0o7777);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Never a directory, which `unlink` refuses. */
async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() === true;
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
