import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Area, Place } from '../ports/files.ts';

const longestPath = 4096;

/** What is and is not inside of the directories of a session. */
export class Bounds {
  readonly #closed: readonly string[];

  /** Directories of the daemon's own, by real path, which may lie in a session's. */
  constructor(closed: readonly string[]) {
    this.#closed = closed;
  }

  async places(named: string, area: Area): Promise<readonly Place[]> {
    const absolute = resolve(area.cwd, named);
    if (named.includes('\0') || absolute.length > longestPath) return [];
    const path = await realPlace(absolute);
    // A directory, and no file of it.
    if (path !== null && (await realRoots(area)).includes(path)) return [];
    if (path === null || !(await this.holds(path, area)))
      return [{ path: absolute, inside: false }];
    const target = await targetOf(path);
    const both = target !== null && target !== path && (await this.holds(target, area));
    return both
      ? [
          { path, inside: true },
          { path: target, inside: true },
        ]
      : [{ path, inside: true }];
  }

  /** Whether the file at that path, whose folders are no links, is the session's. */
  async holds(path: string, area: Area): Promise<boolean> {
    if (this.#closed.some((closed) => isIn(path, closed))) return false;
    return (await realRoots(area)).some((root) => path !== root && isIn(path, root));
  }

  /** Whether the path still is what it says: no folder of it has become a link. */
  async isPlain(path: string, area: Area): Promise<boolean> {
    return (await realPlace(path)) === path && (await this.holds(path, area));
  }
}

async function realRoots({ cwd, dirs }: Area): Promise<readonly string[]> {
  const roots = await Promise.all([cwd, ...dirs].map((root) => realpath(root).catch(() => null)));
  return roots.filter((root) => root !== null);
}

function isIn(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** The path with all its folders real, those that are not there as they are named. */
async function realPlace(path: string): Promise<string | null> {
  const missing: string[] = [basename(path)];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      return join(await realpath(folder), ...missing);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || folder === dirname(folder)) return null;
      // A link that leads nowhere is no folder that could be made.
      if (await isThere(folder)) return null;
    }
    missing.unshift(basename(folder));
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function targetOf(path: string): Promise<string | null> {
  const found = await lstat(path).catch(() => null);
  return found?.isSymbolicLink() === true ? realpath(path).catch(() => null) : null;
}
