// Shell commands, in a session of their own as real agents run them.
import type { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import process from 'node:process';
import { StringDecoder } from 'node:string_decoder';

/** Output that a tool call shows; of more, the end. */
const shownLength = 32_768;

/** A background process may hold the pipes for ever, so output ends soon after the shell has. */
const drainMs = 200;

export interface CommandRun {
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly commands: RunningCommands;
  /** Called with all output so far. */
  readonly show: (output: string) => Promise<void>;
}

export interface CommandEnding {
  readonly output: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Process groups that are alive now, so that none outlives the agent unmeant. */
export class RunningCommands {
  /** Set by a misbehaviour: commands outlive cancel and the agent's own end. */
  leave = false;
  readonly #groups = new Set<number>();

  add(group: number): void {
    this.#groups.add(group);
  }

  /** Called when the shell is gone: its number may soon be somebody else's. */
  remove(group: number): void {
    this.#groups.delete(group);
  }

  kill(group: number): void {
    if (this.leave || !this.#groups.has(group)) return;
    try {
      process.kill(-group, 'SIGKILL');
    } catch (error) {
      // The group may have ended by itself in this instant.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  killAll(): void {
    for (const group of this.#groups) this.kill(group);
  }
}

/** Runs `sh -c`. Rejects when the signal aborts, with the command's group killed. */
export async function runCommand(command: string, run: CommandRun): Promise<CommandEnding> {
  const { cwd, signal, commands, show } = run;
  const shell = spawn('sh', ['-c', command], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const group = shell.pid;
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (bytes: Buffer) => {
      output = (output + decoder.write(bytes)).slice(-shownLength).toWellFormed();
      // A turn that is over shows nothing more; the abort below tells of it.
      if (!signal.aborted) void show(output).catch(() => undefined);
    });
  }
  const ended = new Promise<Omit<CommandEnding, 'output'>>((resolve) => {
    let ending: Omit<CommandEnding, 'output'> = { exitCode: null, signal: null };
    shell.on('error', (error) => {
      output += `sh did not start: ${error.message}`;
      resolve(ending);
    });
    shell.on('exit', (exitCode, killedBy) => {
      if (group !== undefined) commands.remove(group);
      ending = { exitCode, signal: killedBy };
      setTimeout(() => resolve(ending), drainMs);
    });
    shell.on('close', () => resolve(ending));
  });
  if (group !== undefined) commands.add(group);
  const aborted = Promise.withResolvers<never>();
  const stop = () => {
    if (group !== undefined) commands.kill(group);
    aborted.reject(signal.reason as Error);
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const ending = await Promise.race([ended, aborted.promise]);
    return { output, ...ending };
  } finally {
    signal.removeEventListener('abort', stop);
    shell.stdout.destroy();
    shell.stderr.destroy();
  }
}
