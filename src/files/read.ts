import { isUtf8 } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import type { Area, FoundFile } from '../ports/files.ts';
import type { Bounds } from './area.ts';

/** Neither a link is followed nor a pipe waited for, and no terminal becomes ours. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const permissions = 0o7777;

export async function readPlace(
  bounds: Bounds,
  { path, area, maxBytes }: { path: string; area: Area; maxBytes: number },
): Promise<FoundFile> {
  if (!(await bounds.isPlain(path, area))) return unread('outside');
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) return isGone(found) ? { state: 'absent' } : unread('unreadable');
  if (found.isSymbolicLink()) return readLink(path);
  if (found.isDirectory()) return unread('directory');
  if (!found.isFile()) return unread('unreadable');
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => error);
  // Gone since then, or another kind of thing: one of them is true, and neither can be told any more.
  if (handle instanceof Error) return unread('unreadable');
  try {
    const opened = await handle.stat();
    if (!opened.isFile()) return unread('unreadable');
    // A folder of it may have become a link before it was opened.
    if (!(await bounds.isPlain(path, area)) || !(await isSame(path, opened))) {
      return unread('unreadable');
    }
    return await contentOf(handle, opened, maxBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return unread('unreadable');
  } finally {
    await handle.close();
  }
}

async function contentOf(
  handle: FileHandle,
  { size, mode }: Stats,
  maxBytes: number,
): Promise<FoundFile> {
  if (size > maxBytes) return unread('large');
  // It may grow while it is read; what is read is never more than this.
  const buffer = Buffer.alloc(Math.min(size, maxBytes) + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > maxBytes) return unread('large');
  // It has grown meanwhile: this is no state that it ever had.
  if (length > size) return unread('unreadable');
  const bytes = buffer.subarray(0, length);
  return {
    state: 'file',
    bytes,
    digest: Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex'),
    binary: !isUtf8(bytes) || bytes.includes(0),
    mode: mode & permissions,
  };
}

async function readLink(path: string): Promise<FoundFile> {
  const target = await readlink(path).catch(() => null);
  return target === null ? unread('unreadable') : { state: 'link', target };
}

async function isSame(path: string, opened: Stats): Promise<boolean> {
  const now = await lstat(path).catch(() => null);
  return now !== null && now.ino === opened.ino && now.dev === opened.dev;
}

function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function unread(reason: Extract<FoundFile, { state: 'unread' }>['reason']): FoundFile {
  return { state: 'unread', reason };
}
