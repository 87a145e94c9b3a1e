import { lstat, mkdir, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { refuse, type RefusalError } from '../domain/refusal.ts';

/** The daemon's files. Only its user may look into it. */
export interface StateDirectory {
  path: string;
  hosts: string;
  /** The operator's own agents, where there are any. */
  agentFile: string;
  /** The operator's hooks, where there are any. */
  hookFile: string;
  /** The table of prices, where somebody has written one. */
  prices: string;
  archive: string;
  scripted: string;
  tokenFile: string;
  /** By which other daemons know this directory. */
  idFile: string;
  /** The port that was served last. */
  portFile: string;
  record: string;
  /** Unix socket by which hosts reach the daemon. */
  socket: string;
}

/** What `daemon.json` says of the daemon that serves a state directory. */
export interface DaemonRecord {
  url: string;
  pid: number;
  tokenFile: string;
  startedAt: string;
  version: string;
}

/**
 * Makes or checks the directory: a real one, of this user, closed to others, not to be replaced by others,
 * and without links in it that lead elsewhere; otherwise refuses to start. The path that it answers has no
 * links in it either, so that others can be compared to it.
 */
export async function openStateDirectory(path: string): Promise<StateDirectory> {
  const given = resolve(path);
  await makeDirectory(given).catch((error: NodeJS.ErrnoException) => {
    throw refused(given, `cannot be made: ${error.message}`);
  });
  const stat = await lstat(given);
  const wrong =
    (stat.isSymbolicLink() && 'is a symbolic link') ||
    (!stat.isDirectory() && 'is no directory') ||
    (isForeign(stat) && 'belongs to another user') ||
    ((stat.mode & 0o077) !== 0 && 'can be read by others: chmod 700 it');
  if (wrong !== false) throw refused(given, wrong);
  const full = join(await realpath(dirname(given)), basename(given));
  await checkAncestors(full);
  await checkContents(full);
  return {
    path: full,
    hosts: join(full, 'hosts'),
    agentFile: join(full, 'agents.json'),
    hookFile: join(full, 'hooks.json'),
    prices: join(full, 'prices.json'),
    archive: join(full, 'archive'),
    scripted: join(full, 'agents', 'scripted'),
    tokenFile: join(full, 'token'),
    idFile: join(full, 'id'),
    portFile: join(full, 'port'),
    record: join(full, 'daemon.json'),
    socket: join(full, 'turnkeep.sock'),
  };
}

function refused(directory: string, why: string): RefusalError {
  return refuse('invalid', `The state directory ${directory} ${why}.`, { field: 'state' });
}

/** Not `recursive`: Node tries for ever where nothing can be made in a directory that is there (`/proc`). */
async function makeDirectory(path: string): Promise<void> {
  if (await makeOne(path)) return;
  await makeDirectory(dirname(path));
  if (!(await makeOne(path))) throw new Error(`nothing can be made in ${dirname(path)}`);
}

/** False where the directory above it is missing. */
async function makeOne(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) return false;
    if (code !== 'EEXIST') throw error;
  }
  return true;
}

/** Who may write into a directory above, and is not held by a sticky bit, can put another one in our place. */
async function checkAncestors(full: string): Promise<void> {
  for (let above = dirname(full); ; above = dirname(above)) {
    const { mode } = await lstat(above);
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
      throw refused(full, `can be replaced by others: chmod o-w ${above}`);
    }
    if (dirname(above) === above) return;
  }
}

/** What somebody put here while the directory was open to others would lead our writing elsewhere. */
async function checkContents(full: string): Promise<void> {
  for (const name of await readdir(full)) {
    const stat = await lstat(join(full, name));
    const odd = oddity(stat);
    if (odd !== null) throw refused(full, `holds ${name}, which ${odd}: remove it`);
    if (!stat.isDirectory()) continue;
    const inside = await readdir(join(full, name), { withFileTypes: true });
    const link = inside.find((entry) => entry.isSymbolicLink());
    if (link === undefined) continue;
    throw refused(full, `holds ${join(name, link.name)}, which is a symbolic link: remove it`);
  }
}

function oddity(stat: Stats): string | null {
  if (stat.isSymbolicLink()) return 'is a symbolic link';
  if (isForeign(stat)) return 'belongs to another user';
  if (!stat.isFile() && !stat.isDirectory() && !stat.isSocket()) {
    return 'is neither a file nor a directory';
  }
  return null;
}

function isForeign({ uid }: Stats): boolean {
  return uid !== process.getuid?.();
}

/** Takes the place of what has the name, a link too, and is never seen half written. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

export async function writeRecord(directory: StateDirectory, record: DaemonRecord): Promise<void> {
  await replaceFile(directory.record, `${JSON.stringify(record)}\n`);
}

/** Takes the record back, unless another daemon has written its own. */
export async function removeRecord(directory: StateDirectory): Promise<void> {
  const text = await readIfThere(directory.record);
  if (text === null) return;
  const record = JSON.parse(text) as DaemonRecord;
  if (record.pid === process.pid) await rm(directory.record, { force: true });
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
