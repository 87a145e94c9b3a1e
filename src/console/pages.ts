import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PageFile, Pages } from '../ports/console.ts';

/** Beside this module in the package; where the repository is built when it runs from its sources. */
const places = ['page', path.join('..', '..', 'dist', 'console', 'page')];

const types: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

/** Views of the console have paths of their own, and all of them are the one page. */
const views = /^\/(?:|inbox|usage|settings|new|s\/[^/]+(?:\/.*)?)$/;

/** The built console; where none was built yet, a page that says so. */
export async function openPages(): Promise<Pages> {
  let built = await builtPages();
  const at = async (asked: string): Promise<PageFile | undefined> => {
    built ??= views.test(asked) ? await builtPages() : null;
    return built === null ? (views.test(asked) ? notBuilt : undefined) : built.at(asked);
  };
  return { at };
}

async function builtPages(): Promise<BuiltPages | null> {
  for (const place of places) {
    const folder = path.join(import.meta.dirname, place);
    const names = await namesIn(folder);
    if (names.includes('index.html')) return new BuiltPages(folder, names);
  }
  return null;
}

const notBuilt: PageFile = {
  type: 'text/plain; charset=utf-8',
  bytes: new TextEncoder().encode(
    'The console is not built yet: `npm run build` in the repository, then load this page again.\n',
  ),
  immutable: false,
};

/** Only names that were there at the start are served: a path that is asked for never becomes a file name. */
class BuiltPages implements Pages {
  readonly #folder: string;
  readonly #names: ReadonlySet<string>;
  readonly #read = new Map<string, Promise<PageFile>>();

  constructor(folder: string, names: readonly string[]) {
    this.#folder = folder;
    this.#names = new Set(names);
  }

  async at(asked: string): Promise<PageFile | undefined> {
    const name = views.test(asked) ? 'index.html' : asked.slice(1);
    if (!this.#names.has(name) || name.endsWith('.gz')) return undefined;
    let file = this.#read.get(name);
    if (file !== undefined) return file;
    file = this.#load(name);
    this.#read.set(name, file);
    // Another try may succeed.
    file.catch(() => this.#read.delete(name));
    return file;
  }

  async #load(name: string): Promise<PageFile> {
    const read = (file: string) => readFile(path.join(this.#folder, file));
    const packed = `${name}.gz`;
    return {
      type: types[path.extname(name)] ?? 'application/octet-stream',
      bytes: await read(name),
      ...(this.#names.has(packed) ? { gzip: await read(packed) } : {}),
      immutable: name.startsWith('assets/'),
    };
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .map((name) => name.replaceAll(path.sep, '/'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
