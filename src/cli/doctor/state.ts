import { lstat, mkdtemp, rmdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { leftHosts } from '../../app/left-hosts.ts';
import { openStateDirectory } from '../../app/state-directory.ts';
import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

/** The real path of the directory, null where there is none yet or it cannot be used. */
export interface State {
  directory: string | null;
  finding: Finding;
}

export async function checkState(given: string): Promise<State> {
  try {
    if ((await statOf(given)) === null) {
      await tryMaking(given);
      const finding = ok('state', `${given} is not there yet: the first start makes it.`);
      return { directory: null, finding };
    }
    const { path: directory } = await openStateDirectory(given);
    return { directory, finding: ok('state', `${directory}, closed to others`) };
  } catch (error) {
    const todo = 'Mend that, or name another directory with --state.';
    return { directory: null, finding: fail('state', reasonOf(error), todo) };
  }
}

/** Nobody can tell beforehand where a directory can be made: one is made as near as can be, and goes again. */
async function tryMaking(given: string): Promise<void> {
  let above = path.dirname(path.resolve(given));
  while ((await statOf(above)) === null) above = path.dirname(above);
  try {
    await rmdir(await mkdtemp(path.join(above, '.turnkeep-')));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw refuse('invalid', `${given} cannot be made: nothing can be made in ${above} (${code}).`);
  }
}

async function statOf(file: string): Promise<Awaited<ReturnType<typeof lstat>> | null> {
  return lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
}

const mebibyte = 1024 * 1024;

/** By the daemon's own limits: below the first no prompt is taken, below the second agents are paused. */
export async function checkSpace(directory: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(directory);
  return spaceFinding(bavail * bsize);
}

export function spaceFinding(free: number): Finding {
  const shown = `${free < 10 * 1024 * mebibyte ? `${Math.floor(free / mebibyte)} MiB` : `${Math.floor(free / 1024 / mebibyte)} GiB`} free`;
  const todo = 'Make room on that file system.';
  if (free < limits.spaceShortBytes) return fail('space', `${shown}: agents are paused.`, todo);
  if (free < limits.spaceLowBytes) return fail('space', `${shown}: no prompt is taken.`, todo);
  if (free < 4 * limits.spaceLowBytes) return warn('space', `${shown}: little is left.`, todo);
  return ok('space', shown);
}

/** Numbers of Linux's `statfs`. Locks and mapped memory, which SQLite needs, are not reliable on these. */
const remote: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9p'],
  [0x0bd00bd0, 'Lustre'],
  [0x65735546, 'FUSE'],
]);

export async function checkFileSystem(directory: string): Promise<Finding> {
  if (process.platform !== 'linux') return ok('files', 'its kind cannot be known on this system');
  return fileSystemFinding((await statfs(directory)).type);
}

export function fileSystemFinding(type: number): Finding {
  // Some systems give the number with a sign.
  const name = remote.get(type >>> 0);
  if (name === undefined) return ok('files', 'on a local file system');
  const message = `On ${name}, where locks and memory-mapped files may not hold what they promise.`;
  return warn('files', message, 'Put the state directory on a local disk, with --state.');
}

/** A path of a Unix socket has no room for more, on any system. */
const socketBytes = 103;

export function checkSocketPath(directory: string): Finding {
  const bytes = Buffer.byteLength(path.join(directory, 'turnkeep.sock'));
  if (bytes <= socketBytes) return ok('socket', `its path takes ${bytes} of ${socketBytes} bytes`);
  return fail(
    'socket',
    `Its path in the state directory would take ${bytes} bytes of at most ${socketBytes}.`,
    'Name a shorter state directory with --state.',
  );
}

export async function checkToken(file: string, running: boolean): Promise<Finding> {
  const found = await statOf(file);
  if (found === null) {
    if (!running) return ok('token', 'is made at the first start');
    return fail('token', `${file} is not there.`, 'Restart the daemon: it makes another one.');
  }
  const mode = Number(found.mode) & 0o777;
  if (Number(found.uid) !== process.getuid?.()) {
    return fail('token', `${file} belongs to another user.`, 'Remove it and restart the daemon.');
  }
  if ((mode & 0o077) !== 0) {
    const message = `${file} can be read by others (mode ${mode.toString(8)}).`;
    return fail(
      'token',
      message,
      `chmod 600 ${file}, and if others are here: remove it and restart.`,
    );
  }
  return ok('token', `${file}, yours alone`);
}

/** When the database was last written to; null where there is none. */
export async function lastWritten(directory: string): Promise<number | null> {
  const times = await Promise.all(
    ['turnkeep.db', 'turnkeep.db-wal', 'daemon.json'].map(async (name) => {
      const found = await stat(path.join(directory, name)).catch(() => null);
      return found?.mtimeMs ?? null;
    }),
  );
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}

export async function checkHosts(directory: string, running: boolean): Promise<Finding> {
  const { known, living } = await leftHosts(directory);
  const counted = (count: number): string => `${count} host${count === 1 ? '' : 's'}`;
  if (running) {
    const dead = known.length - living.length;
    const rest = dead === 0 ? '' : `, ${counted(dead)} about to be cleared away`;
    return ok('hosts', `${counted(living.length)} alive${rest}`);
  }
  if (living.length === 0) {
    if (known.length === 0) return ok('hosts', 'none left over');
    return ok('hosts', `${counted(known.length)} left over, for the next start to look after`);
  }
  return warn(
    'hosts',
    `${counted(living.length)} of an earlier daemon alive and at work.`,
    '`turnkeep up` takes them up again; `turnkeep stop` after that ends them.',
  );
}
