import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Processes, ProcessSample } from './processes.ts';

const run = promisify(execFile);
const columns = 'pid=,ppid=,pgid=,stat=,lstart=,ucomm=';

/**
 * Not tried on a Mac yet. What differs there: processes are seen by `ps`, whose start times have whole
 * seconds; environments are not searched and `ps` shows no session numbers, so a process that left its
 * group is known only if it was seen while its parents lived. Hence `sampled`.
 */
export function macosProcesses(): Processes {
  return {
    proof: 'sampled',
    startGrainMs: 1000,
    tailWaits: () => Promise.resolve(false),
    bootId: async () =>
      (await run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])).stdout.trim(),
    list: async () => (await look(['-ax'])).filter((sample) => sample.pid !== process.pid),
    startTime: async (pid) => (await look(['-p', String(pid)]))[0]?.startTime,
    commandLine: () => Promise.resolve(undefined),
  };
}

async function look(selection: readonly string[]): Promise<readonly ProcessSample[]> {
  const environment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' };
  try {
    const { stdout } = await run('/bin/ps', [...selection, '-o', columns], {
      env: environment,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout.split('\n').flatMap(parse);
  } catch (error) {
    // The status of `ps` when no process was selected.
    if (error instanceof Error && 'code' in error && error.code === 1) return [];
    throw error;
  }
}

function parse(line: string): ProcessSample[] {
  const pattern = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w+ \w+ +\d+ [\d:]+ \d+)\s+(.*)$/;
  const [, pid, parent, group, state, started, name] = pattern.exec(line) ?? [];
  if (pid === undefined || started === undefined || name === undefined) return [];
  if (state?.startsWith('Z') === true) return [];
  const startedAt = Date.parse(`${started} UTC`);
  return [
    {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      // The agent leads a session and a group at once, and only the group can be seen.
      session: Number(group),
      startTime: startedAt / 1000,
      startedAt,
      name,
    },
  ];
}
