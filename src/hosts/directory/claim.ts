import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { HostPaths } from './layout.ts';
import { absent, errorCode, unless } from './system-error.ts';

/** A process, told apart from a later one with the same pid. */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: number;
}

/**
 * Who began in a host directory. The wrapper claims as its first act, by a hard link, which exists either
 * whole or not at all and only once; the daemon claims only in recovery, to prove that no wrapper ever will.
 */
export type Claim =
  | { by: 'wrapper'; process: ProcessId; bootId: string }
  | { by: 'daemon' }
  /** Readable only in part: the machine stopped before it was on the disk. */
  | { by: 'unknown' };

export async function readClaim(paths: HostPaths): Promise<Claim | undefined> {
  const text = await unless(absent, readFile(paths.claim, 'utf8'));
  if (text === undefined) return undefined;
  if (text.startsWith('daemon ')) return { by: 'daemon' };
  const [, pid, startTime, bootId] = /^(\d+) (\d+) (\S+)\n$/.exec(text) ?? [];
  if (pid === undefined || startTime === undefined || bootId === undefined)
    return { by: 'unknown' };
  return { by: 'wrapper', process: { pid: Number(pid), startTime: Number(startTime) }, bootId };
}

/** Claims the host for the daemon, with its directory where there is none. False: another was first. */
export async function takeClaim(paths: HostPaths): Promise<boolean> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  const draft = `${paths.claim}.${randomUUID()}`;
  await writeFile(draft, `daemon ${process.pid}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, paths.claim);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

export interface GroupPids {
  readonly relay: number;
  readonly agent: number;
}

export async function readGroup(paths: HostPaths): Promise<GroupPids | undefined> {
  const text = await unless(absent, readFile(paths.group, 'utf8'));
  const [, relay, agent] = /^(\d+) (\d+)\n$/.exec(text ?? '') ?? [];
  if (relay === undefined || agent === undefined) return undefined;
  return { relay: Number(relay), agent: Number(agent) };
}

export interface ExitFile {
  readonly status: number;
  /** When the agent had ended at the latest, in milliseconds since the epoch. */
  readonly writtenAt: number;
}

export async function readExit(paths: HostPaths): Promise<ExitFile | undefined> {
  const text = await unless(absent, readFile(paths.exit, 'utf8'));
  const [, status] = /^(\d+)\n$/.exec(text ?? '') ?? [];
  if (status === undefined) return undefined;
  const { mtimeMs } = await stat(paths.exit);
  return { status: Number(status), writtenAt: mtimeMs };
}
