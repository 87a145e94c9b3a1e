import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** Remembers the process groups and sessions of hosts while they live, to look for them in the end. */
export class HostWatch {
  readonly #directory: string;
  readonly #hosts = new Set<string>();
  readonly #pids = new Set<number>();
  readonly #timer: NodeJS.Timeout;

  constructor(directory: string) {
    this.#directory = directory;
    this.#timer = setInterval(() => this.look(), 150);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    for (const host of names(this.#directory)) {
      this.#hosts.add(host);
      const claim = textOf(path.join(this.#directory, host, 'claim')) ?? '';
      const group = textOf(path.join(this.#directory, host, 'group')) ?? '';
      // A claim is `pid startTime bootId`, a group `pid pid`.
      for (const pid of [claim.split(' ')[0] ?? '', ...group.trim().split(' ')]) {
        if (/^\d{2,9}$/.test(pid)) this.#pids.add(Number(pid));
      }
    }
  }

  /** Host directories and processes that are there: by marker, by group, by session. */
  leftovers(hosts: ReadonlySet<string>): string[] {
    for (const host of hosts) this.#hosts.add(host);
    const directories = names(this.#directory).map((name) => `the directory of host ${name}`);
    return [...directories, ...this.#processes().map(({ why }) => why)];
  }

  /** Kills what is left. */
  endAll(): void {
    for (const { pid } of this.#processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  #processes(): { pid: number; why: string }[] {
    return names('/proc').flatMap((name) => {
      const why = /^\d+$/.test(name) ? belongs(name, this.#hosts, this.#pids) : null;
      return why === null ? [] : [{ pid: Number(name), why }];
    });
  }
}

function belongs(
  pid: string,
  hosts: ReadonlySet<string>,
  pids: ReadonlySet<number>,
): string | null {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const [state, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z') return null;
  const marker = textOf(`/proc/${pid}/environ`)
    ?.split('\0')
    .find((item) => item.startsWith('TURNKEEP_HOST='))
    ?.slice('TURNKEEP_HOST='.length);
  if (marker !== undefined && hosts.has(marker))
    return `process ${pid} (${name}) of host ${marker}`;
  // Another host's numbers may be given out again; without our marker it must be one of those shells.
  if (marker !== undefined || pids.size === 0) return null;
  const of = pids.has(Number(group)) ? 'group' : pids.has(Number(session)) ? 'session' : null;
  return of === null ? null : `process ${pid} (${name}), found by its ${of}`;
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended while it was looked at.
    return null;
  }
}
