import type { Dirent } from 'node:fs';
import { opendir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../domain/limits.ts';
import type { FindFiles, FoundName, FoundNames } from '../ports/find.ts';

/** What programs keep for themselves, by the thousands. */
const ignored = new Set(['.git', '.hg', '.svn', 'node_modules']);

interface Bounds {
  closed: readonly string[];
  entries: number;
}

/**
 * Finds files by a part of their path, nearer ones before deeper ones. `closed`: directories of the daemon's own,
 * by real path; `entries`: names that one search takes at most. One search at a time: a directory that hangs holds one of the few threads that there are for files.
 */
export function openFind(bounds: Bounds): FindFiles {
  let last: Promise<unknown> = Promise.resolve();
  return (wanted) => {
    const found = last.then(() => search(wanted, bounds));
    last = found.catch(() => undefined);
    return found;
  };
}

type Wanted = Parameters<FindFiles>[0];

async function search({ cwd, query, limit }: Wanted, bounds: Bounds): Promise<FoundNames> {
  const root = await realpath(cwd).catch(() => null);
  if (root === null) return { files: [], complete: true };
  const walk = new Walk(root, bounds);
  const rankOf = ranking(query);
  let matches: Match[] = [];
  let count = 0;
  for await (const name of walk.names()) {
    const rank = rankOf(name.path);
    if (rank === null) continue;
    count += 1;
    matches.push({ name, rank });
    // What is sorted is never more than this.
    if (matches.length >= 1000) matches = best(matches, limit);
  }
  const files = best(matches, limit).map(({ name }) => name);
  return { files, complete: walk.complete && count <= limit };
}

interface Match {
  name: FoundName;
  rank: number;
}

function best(matches: readonly Match[], limit: number): Match[] {
  const byRank = (a: Match, b: Match) => a.rank - b.rank || (a.name.path < b.name.path ? -1 : 1);
  return matches.toSorted(byRank).slice(0, limit);
}

/** All below a directory, level by level, until it has looked at enough. */
class Walk {
  complete = true;
  readonly #root: string;
  readonly #bounds: Bounds;
  readonly #until = performance.now() + limits.findMs;
  #seen = 0;

  constructor(root: string, bounds: Bounds) {
    this.#root = root;
    this.#bounds = bounds;
  }

  async *names(): AsyncGenerator<FoundName> {
    const waiting = [''];
    for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
      for await (const name of this.#folder(folder)) {
        if (this.#isEnough()) return;
        if (name.type === 'directory') waiting.push(name.path);
        yield name;
      }
    }
  }

  async *#folder(folder: string): AsyncGenerator<FoundName> {
    const path = join(this.#root, folder);
    // A link could have taken its place since it was seen.
    if (folder !== '' && (await realpath(path).catch(() => null)) !== path.replace(/\/$/, ''))
      return;
    const entries = await opendir(path).catch(() => null);
    if (entries === null) return;
    try {
      for await (const entry of entries) {
        const type = this.#typeOf(entry, path);
        const named = folder + entry.name;
        if (type !== null) yield { path: type === 'directory' ? `${named}/` : named, type };
      }
    } catch (error) {
      // It is gone by now, or may not be read on.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  #typeOf(entry: Dirent, folder: string): FoundName['type'] | null {
    this.#seen += 1;
    if (ignored.has(entry.name) || this.#bounds.closed.includes(join(folder, entry.name)))
      return null;
    if (entry.isDirectory()) return 'directory';
    return entry.isFile() ? 'file' : null;
  }

  #isEnough(): boolean {
    if (this.#seen <= this.#bounds.entries && performance.now() < this.#until) return false;
    this.complete = false;
    return true;
  }
}

/** How well a path fits: less is better, null is not at all. A slash in the words is one in the path. */
function ranking(query: string): (path: string) => number | null {
  const wanted = query.toLowerCase();
  return (path) => {
    const lower = path.toLowerCase();
    const whole = lower.endsWith('/') ? lower.slice(0, -1) : lower;
    const depth = whole.split('/').length;
    const name = whole.slice(whole.lastIndexOf('/') + 1);
    if (name.startsWith(wanted)) return depth;
    if (name.includes(wanted)) return 100 + depth;
    if (lower.includes(wanted)) return 200 + depth;
    return isSpread(wanted, lower) ? 300 + depth : null;
  };
}

/** Whether the letters come in this order. */
function isSpread(letters: string, text: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
