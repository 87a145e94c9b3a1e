import { lstat, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';

/** The daemon's files. Only its user may look into it. */
export interface StateDirectory {
  path: string;
  hosts: string;
  scripted: string;
  tokenFile: string;
  record: string;
}

/** What `daemon.json` says of the daemon that serves a state directory. */
export interface DaemonRecord {
  url: string;
  pid: number;
  tokenFile: string;
  startedAt: string;
  version: string;
}

/** Makes or checks the directory: a real one, of this user, closed to others; otherwise refuses to start. */
export async function openStateDirectory(path: string): Promise<StateDirectory> {
  const full = resolve(path);
  await mkdir(full, { recursive: true, mode: 0o700 });
  const stat = await lstat(full);
  const wrong =
    (stat.isSymbolicLink() && 'is a symbolic link') ||
    (!stat.isDirectory() && 'is no directory') ||
    (stat.uid !== process.getuid?.() && 'belongs to another user') ||
    ((stat.mode & 0o077) !== 0 && 'can be read by others: chmod 700 it');
  if (wrong !== false) throw new Error(`The state directory ${full} ${wrong}.`);
  return {
    path: full,
    hosts: join(full, 'hosts'),
    scripted: join(full, 'agents', 'scripted'),
    tokenFile: join(full, 'token'),
    record: join(full, 'daemon.json'),
  };
}

/** The secret of the installation's own token, made at the first start. */
export async function ownSecret(directory: StateDirectory): Promise<string> {
  const known = await readIfThere(directory.tokenFile);
  if (known !== null && known.trim() !== '') return known.trim();
  const secret = `tk_${randomBytes(32).toString('base64url')}`;
  // A file that a crash left empty is replaced; nobody has used it.
  await rm(directory.tokenFile, { force: true });
  const file = await open(directory.tokenFile, 'wx', 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return secret;
}

export async function writeRecord(directory: StateDirectory, record: DaemonRecord): Promise<void> {
  const temporary = `${directory.record}.new`;
  await writeFile(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await rename(temporary, directory.record);
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
