import { readFile } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { uptime } from 'node:os';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { unless } from '../directory/system-error.ts';
import { marker, type Processes, type ProcessSample } from './processes.ts';

/** Processes end, and change their user, while they are looked at. */
const vanished = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];
/** Looks that are open at once: few, so that the look never holds up the spools' reads. */
const concurrency = 8;
/** With callbacks: half the cost of the one in `node:fs/promises`, over many small files. */
const readBytes = promisify(readFile);
const readProc = async (path: string): Promise<string> => readBytes(path, 'utf8');
/** Linux shows times to programs in hundredths of a second on every architecture that Node runs on. */
const ticksPerSecond = 100;

interface Stat {
  state: string;
  parent: number;
  group: number;
  session: number;
  threads: number;
  startTime: number;
  name: string;
}

export function linuxProcesses(): Processes {
  return {
    proof: 'swept',
    startGrainMs: 1000 / ticksPerSecond,
    tailWaits,
    bootId: async () => (await readProc('/proc/sys/kernel/random/boot_id')).trim(),
    list,
    startTime: async (pid) => living(await readStat(pid))?.startTime,
    commandLine: async (pid) => {
      const text = await unless(vanished, readProc(`/proc/${pid}/cmdline`));
      return text?.split('\0').slice(0, -1);
    },
  };
}

/** Busybox has a `tail` that looks once a second; that of GNU and of uutils waits for inotify. */
async function tailWaits(): Promise<boolean> {
  for (const path of ['/usr/bin/tail', '/bin/tail']) {
    const program = await unless(vanished, realpath(path));
    if (program !== undefined) return basename(program) !== 'busybox';
  }
  return false;
}

async function list(): Promise<readonly ProcessSample[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // Both in one breath: what comes between them makes every process look younger, and a sweep leave it.
  const bootedAt = Date.now() - uptime() * 1000;
  const samples: ProcessSample[] = [];
  const waiting = names.values();
  const look = async (): Promise<void> => {
    for (const name of waiting) {
      const found = await sample(Number(name), bootedAt);
      if (found !== undefined) samples.push(found);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, look));
  return samples.toSorted(
    (left, right) => left.startTime - right.startTime || left.pid - right.pid,
  );
}

/**
 * Of every user: a program that changed its user inside a host is still the host's. The kernel refuses to
 * signal it where we may not, and then the proof says that it is not gone.
 */
async function sample(pid: number, bootedAt: number): Promise<ProcessSample | undefined> {
  if (pid === process.pid) return undefined;
  const stat = living(await readStat(pid));
  // Threads of the kernel have no session.
  if (stat === undefined || stat.session === 0) return undefined;
  const value = await readMarker(pid);
  const { parent, group, session, startTime, name } = stat;
  const startedAt = Math.round(bootedAt + (startTime * 1000) / ticksPerSecond);
  const seen = { pid, parent, group, session, startTime, startedAt, name };
  return value === undefined ? seen : { ...seen, marker: value };
}

/** The name is in brackets and may hold anything, brackets too; the rest is numbers. */
async function readStat(pid: number): Promise<Stat | undefined> {
  const text = await unless(vanished, readProc(`/proc/${pid}/stat`));
  if (text === undefined) return undefined;
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    state: fields[0] ?? '',
    parent: field(4),
    group: field(5),
    session: field(6),
    threads: field(20),
    startTime: field(22),
    name: text.slice(open + 1, close),
  };
}

/** A process whose first thread has ended looks like a zombie, but lives as long as its other threads. */
function living(stat: Stat | undefined): Stat | undefined {
  if (stat === undefined || stat.state === 'X') return undefined;
  return stat.state === 'Z' && stat.threads <= 1 ? undefined : stat;
}

async function readMarker(pid: number): Promise<string | undefined> {
  const text = await unless(vanished, readProc(`/proc/${pid}/environ`));
  const start = `\0${text ?? ''}`.indexOf(`\0${marker}=`);
  if (text === undefined || start === -1) return undefined;
  return text.slice(start + marker.length + 1).split('\0', 1)[0];
}
