import { type ChildProcess, spawn } from 'node:child_process';

/** A program of the operator's: absolute path, then its arguments. */
export type Program = readonly [string, ...string[]];

export interface Start {
  command: Program;
  /** The whole environment of the child. */
  env: { readonly [name: string]: string };
  /** What becomes of its stderr. */
  stderr: 'pipe' | 'ignore';
}

export interface Child {
  process: ChildProcess;
  /** Ends its whole process group, once. */
  kill(): void;
}

/** Told a group, it waits; where the daemon is gone its stdin ends without another word: it takes the group along. */
const guardScript = 'read -r group && { read -r word || kill -KILL "-$group"; }';

/** Starts a program in a process group of its own, which does not outlive the daemon. */
export function startChild({ command, env, stderr }: Start): Child {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: '/',
    env: { ...env },
    detached: true,
    stdio: ['pipe', 'pipe', stderr],
  });
  // It reads no more, or was never there: its end says what there is to say.
  child.stdin?.on('error', () => undefined);
  const { pid } = child;
  const release = pid === undefined ? () => undefined : guard(pid);
  let over = false;
  const kill = (): void => {
    if (over) return;
    over = true;
    release();
    if (pid !== undefined) killGroup(pid);
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  return { process: child, kill };
}

function guard(group: number): () => void {
  const shell = spawn('/bin/sh', ['-c', guardScript], {
    env: {},
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a guard the program is as good, as long as the daemon lives.
  shell.on('error', () => undefined);
  shell.stdin?.on('error', () => undefined);
  shell.stdin?.write(`${group}\n`);
  return () => void shell.stdin?.end('over\n');
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    // Nothing of it is left.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
