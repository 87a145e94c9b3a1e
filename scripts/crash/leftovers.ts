import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/** Remembers the process groups and sessions of hosts while they live, to look for them in the end. */
export class HostWatch {
  readonly #directory: string;
  readonly #hosts = new Set<string>();
  /** Leaders of groups and sessions, and when their host was last there (in the kernel's ticks). */
  readonly #leaders = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(directory: string) {
    this.#directory = directory;
    this.#timer = setInterval(() => this.look(), 150);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const now = ticksNow();
    for (const host of names(this.#directory)) {
      this.#hosts.add(host);
      const claim = textOf(path.join(this.#directory, host, 'claim')) ?? '';
      const group = textOf(path.join(this.#directory, host, 'group')) ?? '';
      // A claim is `pid startTime bootId`, a group `pid pid`.
      for (const pid of [claim.split(' ')[0] ?? '', ...group.trim().split(' ')]) {
        if (/^\d{2,9}$/.test(pid)) this.#leaders.set(Number(pid), now);
      }
    }
  }

  /** Host directories and processes that are there: by marker, by group, by session. */
  leftovers(hosts: ReadonlySet<string>): string[] {
    for (const host of hosts) this.#hosts.add(host);
    const directories = names(this.#directory).map((name) => `the directory of host ${name}`);
    return [...directories, ...this.#processes().map(({ why }) => why)];
  }

  /** Kills what is left and carries the marker: a number alone may be another's by now. */
  endAll(): void {
    for (const { pid, marked } of this.#processes()) {
      if (!marked) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  #processes(): Left[] {
    return names('/proc').flatMap((name) => {
      const left = /^\d+$/.test(name) ? leftOf(name, this.#hosts, this.#leaders) : null;
      return left === null ? [] : [left];
    });
  }
}

interface Left {
  pid: number;
  marked: boolean;
  why: string;
}

/** How long after a host was last seen a process of it may have begun. */
const slackTicks = 50;

function leftOf(
  name: string,
  hosts: ReadonlySet<string>,
  leaders: ReadonlyMap<number, number>,
): Left | null {
  const stat = textOf(`/proc/${name}/stat`);
  if (stat === null) return null;
  const pid = Number(name);
  const program = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return null;
  const [group, session, started] = [fields[2], fields[3], fields[19]].map(Number) as [
    number,
    number,
    number,
  ];
  const marker = textOf(`/proc/${name}/environ`)
    ?.split('\0')
    .find((item) => item.startsWith('TURNKEEP_HOST='))
    ?.slice('TURNKEEP_HOST='.length);
  if (marker !== undefined) {
    const why = `process ${pid} (${program}) of host ${marker}`;
    return hosts.has(marker) ? { pid, marked: true, why } : null;
  }
  // Numbers are given out again: what began after the host had gone is somebody else's.
  const of = [group, session].find(
    (leader) => started <= (leaders.get(leader) ?? Number.NEGATIVE_INFINITY) + slackTicks,
  );
  return of === undefined
    ? null
    : { pid, marked: false, why: `process ${pid} (${program}) in group or session ${of}` };
}

function ticksNow(): number {
  return Math.round(Number((textOf('/proc/uptime') ?? '0').split(' ')[0]) * 100);
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
