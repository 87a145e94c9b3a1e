// A daemon of the demo: the real command in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface DemoDaemon {
  pid: number;
  /** Milliseconds from the start of its process until it said that it serves. */
  readyMs: number;
  kill(): Promise<void>;
  /** Ends it with all its agents; does nothing if it is gone. */
  stop(): Promise<void>;
}

export async function startDemoDaemon(state: string): Promise<DemoDaemon> {
  const started = performance.now();
  const child = spawn(process.execPath, [cli, 'up', '--port', '0', '--state', state, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = await firstLine(child);
  const { pid } = JSON.parse(line) as { pid: number };
  return {
    pid,
    readyMs: Math.round(performance.now() - started),
    kill: () => end(child, () => child.kill('SIGKILL')),
    stop: () =>
      end(child, () =>
        spawn(process.execPath, [cli, 'stop', '--state', state], { stdio: 'ignore' }),
      ),
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the daemon ended with ${code} before it served`);
  });
  const line = await Promise.race([once(lines, 'line'), ended]);
  ended.catch(() => undefined);
  return String(line[0]);
}

async function end(child: ChildProcess, how: () => unknown): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  how();
  await gone;
}
