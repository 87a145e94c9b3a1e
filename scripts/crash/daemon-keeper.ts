import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Rig } from './rig.ts';

const program = fileURLToPath(new URL('./daemon-process.ts', import.meta.url));
const readyLimitMs = 60_000;

/** Events of a daemon's log that tell of a fault. */
const badEvents: ReadonlySet<string> = new Set([
  'actor.fault',
  'actor.fenced',
  'actor.refused',
  'effect',
  'feed.failed',
  'host.ended',
  'host.launch',
  'host.remove',
  'host.sweep',
  'host.write',
  'recovery',
  'session.set-aside',
]);

/** Starts daemons on one state directory, one after another, and kills them. */
export class DaemonKeeper {
  readonly url: string;
  /** Spawn to ready, of every start that was let to become ready. */
  readonly readyTimes: number[] = [];
  readonly faults: string[] = [];
  readonly #state: string;
  readonly #port: number;
  readonly #rig: Rig;
  readonly #log: WriteStream;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #expected = false;

  constructor(options: { state: string; port: number; log: string; rig: Rig }) {
    this.#state = options.state;
    this.#port = options.port;
    this.#rig = options.rig;
    this.url = `http://127.0.0.1:${options.port}`;
    this.#log = createWriteStream(options.log, { flags: 'a' });
  }

  /** Spawns a daemon; `ready` resolves with true when it serves, with false when it ended before. */
  start(): { ready: Promise<boolean> } {
    const began = performance.now();
    const { daemonArgs, daemonEnv: env } = this.#rig;
    const args = [program, this.#state, String(this.#port), ...daemonArgs];
    const child = spawn(process.execPath, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#expected = false;
    this.#read(child);
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (!this.#expected) this.faults.push(`the daemon ended by itself: ${signal ?? code}`);
        resolve();
      });
    });
    const ready = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => {
        this.faults.push(`the daemon was not ready after ${readyLimitMs} ms`);
        resolve(false);
      }, readyLimitMs);
      const settle = (is: boolean): void => {
        clearTimeout(timer);
        resolve(is);
      };
      child.stdout!.once('data', () => {
        this.readyTimes.push(performance.now() - began);
        settle(true);
      });
      child.once('exit', () => settle(false));
    });
    return { ready };
  }

  killNow(): void {
    this.#expected = true;
    this.#child?.kill('SIGKILL');
  }

  async kill(): Promise<void> {
    this.killNow();
    await this.#ended;
  }

  /** Waits for a daemon that was asked to end. */
  async waitForEnd(ms: number): Promise<boolean> {
    this.#expected = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const ended = await Promise.race([this.#ended.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }

  close(): void {
    this.#log.end();
  }

  #read(child: ChildProcess): void {
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.#log.write(`${line}\n`);
      const fault = faultIn(line);
      if (fault !== null && this.faults.length < 100) this.faults.push(fault);
    });
  }
}

/** What a line of the daemon's stderr tells of a fault, if it does. */
function faultIn(line: string): string | null {
  if (line.trim() === '') return null;
  try {
    const { event } = JSON.parse(line) as { event?: string };
    return event !== undefined && badEvents.has(event) ? `log: ${line.slice(0, 600)}` : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return /warning/i.test(line) ? null : `stderr: ${line.slice(0, 300)}`;
  }
}
