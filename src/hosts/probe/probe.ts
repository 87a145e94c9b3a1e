import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { findProgram } from '../launch/program.ts';
import { platformProcesses } from '../platform/platform.ts';
import { marker, type Processes } from '../platform/processes.ts';
import { Crew } from '../sweep/crew.ts';
import { sweep } from '../sweep/sweep.ts';
import { Lines } from './lines.ts';

/** A program that is asked something over its standard streams and then ended. */
export interface ProbeTalk {
  /** Absolute path. */
  program: string;
  args: readonly string[];
  /** A directory for this alone. */
  cwd: string;
  /** The whole environment of the child, as a host would get it. */
  env: { readonly [name: string]: string };
  open: readonly string[];
  /** Told of each whole line of its output; answers what to send, and whether that was all. */
  read(line: string): { send: readonly string[]; over: boolean };
}

/** How it came to an end. Whatever it was, no process of it is left, or `gone` says so. */
export interface ProbeEnd {
  how: 'over' | 'late' | 'exited' | 'flood' | 'not-started' | 'stopped';
  /** Its status where it ended by itself. */
  status: number | null;
  /** The end of what it said on stderr, or why it did not start. */
  said: string;
  gone: boolean;
}

export interface ProbeLimits {
  /** When it is to be over, as `performance.now()` counts. */
  deadline: number;
  /** Bytes of its stdout. */
  bytes: number;
  stop: AbortSignal;
}

export interface Probes {
  find: typeof findProgram;
  talk(talk: ProbeTalk, limits: ProbeLimits): Promise<ProbeEnd>;
}

/** Children of the daemon that are asked and ended, unlike hosts, which outlive it. */
export function openProbes(): Probes {
  const processes = platformProcesses();
  return { find: findProgram, talk: (talk, limits) => converse(processes, talk, limits) };
}

const saidChars = 2000;

async function converse(
  processes: Processes,
  talk: ProbeTalk,
  limits: ProbeLimits,
): Promise<ProbeEnd> {
  const id = `probe-${randomUUID()}`;
  const guard = startGuard(talk.cwd);
  try {
    const child = spawn(talk.program, talk.args, {
      cwd: talk.cwd,
      env: { ...talk.env, [marker]: id },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      return { how: 'not-started', status: null, said: error.message, gone: true };
    }
    guard.watch(child.pid);
    // First of all: it may have ended before anything else is known of it.
    const listening = listen(child, talk, limits);
    const startTime = await processes.startTime(child.pid);
    const { pid } = child;
    // Once it has ended its number may become another's.
    const roots =
      startTime === undefined
        ? { host: id, agent: { pid }, endedAt: Date.now() }
        : { host: id, agent: { pid, startTime } };
    const crew = new Crew(processes, roots);
    const { how, said } = await listening;
    // What ended by itself may have left others.
    const { gone } = await sweep(crew, processes, () => true);
    child.stdout?.destroy();
    child.stderr?.destroy();
    return { how, status: child.exitCode, said: said(), gone };
  } finally {
    guard.release();
  }
}

type Child = ReturnType<typeof spawn>;

/** Resolves at the first of: all is said, the program's end and its last line, too much, too late. */
function listen(
  child: Child,
  talk: ProbeTalk,
  limits: ProbeLimits,
): Promise<{ how: ProbeEnd['how']; said: () => string }> {
  return new Promise((resolve) => {
    let said = '';
    let exited = false;
    const end = (how: ProbeEnd['how']): void => {
      clearTimeout(timer);
      limits.stop.removeEventListener('abort', stopped);
      child.stdin?.end();
      resolve({ how, said: () => said });
    };
    const stopped = (): void => end('stopped');
    // A descendant may hold its stdout open: then its end is known, and no more is waited for.
    const late = (): void => end(exited ? 'exited' : 'late');
    const timer = setTimeout(late, Math.max(0, limits.deadline - performance.now()));
    if (limits.stop.aborted) return stopped();
    limits.stop.addEventListener('abort', stopped, { once: true });
    const lines = new Lines(limits.bytes);
    // It reads no more: its end says what there is to say.
    child.stdin?.on('error', () => undefined);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-saidChars);
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const line of lines.take(chunk)) {
        const { send, over } = talk.read(line);
        write(child, send);
        if (over) return end('over');
      }
      if (lines.full) end('flood');
    });
    child.on('exit', () => (exited = true));
    child.on('close', () => {
      const rest = lines.rest();
      end(rest !== '' && talk.read(rest).over ? 'over' : 'exited');
    });
    write(child, talk.open);
  });
}

function write(child: ChildProcess, lines: readonly string[]): void {
  if (child.stdin?.writable !== true) return;
  for (const line of lines) child.stdin.write(`${line}\n`);
}

/** Told a group, it waits; its stdin ends without another word when the daemon is gone: it takes the group along. */
const guardScript =
  'read -r group && { read -r word || { kill -KILL "-$group"; rm -rf -- "$1"; }; }';

/** A daemon that is killed in mid-probe ends nothing any more: the kernel closes its pipes, and the guard sees it. */
function startGuard(cwd: string): { watch(group: number): void; release(): void } {
  const guard = spawn('/bin/sh', ['-c', guardScript, 'turnkeep-probe', cwd], {
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a guard a probe is as good, as long as the daemon lives.
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  return {
    watch: (group) => void guard.stdin?.write(`${group}\n`),
    release: () => void guard.stdin?.end('over\n'),
  };
}
