import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** What a daemon writes into `daemon.json` of its state directory when it serves. */
export interface DaemonRecord {
  url: string;
  pid: number;
  startedAt: string;
  version: string;
  tokenFile?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `TURNKEEP_STATE`, else the place that the operating system has for the state of programs. */
export function stateDirectory(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): string {
  const given = env['TURNKEEP_STATE'];
  if (given !== undefined && given !== '') return path.resolve(given);
  const home = env['HOME'] ?? homedir();
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'turnkeep');
  const states = env['XDG_STATE_HOME'];
  const base =
    states !== undefined && path.isAbsolute(states) ? states : path.join(home, '.local', 'state');
  return path.join(base, 'turnkeep');
}

/** The record of the daemon that served the directory last, null where none is written. */
export async function readDaemonRecord(state: string): Promise<DaemonRecord | null> {
  try {
    return JSON.parse(await readFile(path.join(state, 'daemon.json'), 'utf8')) as DaemonRecord;
  } catch (error) {
    // Missing, or cut short by a crash while it was written: nobody has said where a daemon is.
    if (error instanceof SyntaxError || isMissing(error)) return null;
    throw error;
  }
}

export function tokenFileOf(state: string, record: DaemonRecord | null): string {
  return record?.tokenFile ?? path.join(state, 'token');
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
