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

/** How directories are read. */
export interface Directories {
  realpath(path: string): Promise<string>;
  opendir(path: string): Promise<AsyncIterable<Dirent>>;
}

/** A directory that hangs, as one of a network may, holds one of the few threads that there are for files. */
const atOnce = 2;

/**
 * Finds files by a part of their path, nearer ones before deeper ones. `closed`: directories of the daemon's own,
 * by real path; `entries`: names that one search takes at most. Few searches at a time, each bounded in time: it
 * answers with what it has, and where all that may look are hanging, with nothing.
 */
export function openFind(bounds: Bounds, disk: Directories = { realpath, opendir }): FindFiles {
  const places = new Places(atOnce);
  return async (wanted) => {
    const search = new Search(wanted, bounds, disk);
    if (!(await places.take(limits.findMs))) return search.found;
    await atMost(
      search.run().finally(() => places.leave()),
      limits.findMs,
    );
    return search.found;
  };
}

/** Those that look at directories at the same time, and those that wait for that. */
class Places {
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** False where none came free in that time. */
  take(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const given = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== given);
        resolve(false);
      }, ms);
      this.#waiting.push(given);
      this.#give();
    });
  }

  leave(): void {
    this.#free += 1;
    this.#give();
  }

  #give(): void {
    if (this.#free === 0) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#free -= 1;
    next();
  }
}

/** Resolves with the promise, or after that time without it. */
async function atMost(promise: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

type Wanted = Parameters<FindFiles>[0];

class Search {
  readonly #wanted: Wanted;
  readonly #bounds: Bounds;
  readonly #disk: Directories;
  #matches: Match[] = [];
  #count = 0;
  #complete = false;

  constructor(wanted: Wanted, bounds: Bounds, disk: Directories) {
    this.#wanted = wanted;
    this.#bounds = bounds;
    this.#disk = disk;
  }

  /** What is known by now. */
  get found(): FoundNames {
    const { limit } = this.#wanted;
    const files = best(this.#matches, limit).map(({ name }) => name);
    return { files, complete: this.#complete && this.#count <= limit };
  }

  async run(): Promise<void> {
    const { cwd, query, limit } = this.#wanted;
    const until = performance.now() + limits.findMs;
    const root = await this.#disk.realpath(cwd).catch(() => null);
    if (root === null) {
      this.#complete = true;
      return;
    }
    const walk = new Walk(root, { ...this.#bounds, until }, this.#disk);
    const rankOf = ranking(query);
    for await (const name of walk.names()) {
      const rank = rankOf(name.path);
      if (rank === null) continue;
      this.#count += 1;
      this.#matches.push({ name, rank });
      // What is sorted is never more than this.
      if (this.#matches.length >= 1000) this.#matches = best(this.#matches, limit);
    }
    this.#complete = walk.complete;
  }
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
  readonly #bounds: Bounds & { until: number };
  readonly #disk: Directories;
  #seen = 0;

  constructor(root: string, bounds: Bounds & { until: number }, disk: Directories) {
    this.#root = root;
    this.#bounds = bounds;
    this.#disk = disk;
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
    if (
      folder !== '' &&
      (await this.#disk.realpath(path).catch(() => null)) !== path.replace(/\/$/, '')
    )
      return;
    const entries = await this.#disk.opendir(path).catch(() => null);
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
    const { entries, until } = this.#bounds;
    if (this.#seen <= entries && performance.now() < until) return false;
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
