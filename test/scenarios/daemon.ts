import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inject } from 'vitest';
import { compiled } from '../compile-cache.ts';

/** What `turnkeep up --json` prints when it serves. */
export interface Ready {
  url: string;
  pid: number;
  tokenFile: string;
}

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** The installed command with these words; what it prints, and its exit code. */
export async function turnkeep(words: readonly string[], home: string): Promise<Ended> {
  const child = spawnCommand(words, home);
  const told = texts(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...told };
}

/** A daemon as a user would have it: the command of the installed package on a state directory. */
export class Daemon {
  readonly url: string;
  readonly pid: number;
  readonly tokenFile: string;
  readonly told: { readonly out: string; readonly err: string };
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess, ready: Ready, told: Daemon['told']) {
    this.#child = child;
    this.#exited = child.exitCode === null ? once(child, 'exit') : Promise.resolve();
    this.url = ready.url;
    this.pid = ready.pid;
    this.tokenFile = ready.tokenFile;
    this.told = told;
  }

  /** Agents are looked for in `programs` first. */
  static async start(
    state: string,
    more: readonly string[] = [],
    programs?: string,
  ): Promise<Daemon> {
    const words = ['up', '--port', '0', '--state', state, '--json', ...more];
    const child = spawnCommand(words, path.dirname(state), programs);
    const told = texts(child);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`The daemon ended with ${String(code)}: ${told.err}`);
    });
    const ready = (async () => {
      while (!told.out.includes('\n')) await once(child.stdout!, 'data');
      return JSON.parse(told.out) as Ready;
    })();
    return new Daemon(child, await Promise.race([ready, ended]), told);
  }

  get token(): string {
    return readFileSync(this.tokenFile, 'utf8').trim();
  }

  /** Ends it at once, at whatever it is doing; its hosts live on. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async signal(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): Promise<void> {
    this.#child.kill(name);
    await this.#exited;
  }

  async exited(): Promise<number | null> {
    await this.#exited;
    return this.#child.exitCode;
  }

  /** Resident memory in MiB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  }

  /** Processor time that it has spent, in milliseconds. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
}

function spawnCommand(words: readonly string[], home: string, programs?: string): ChildProcess {
  const before = programs === undefined ? '' : `${programs}:`;
  return spawn(process.execPath, [inject('turnkeep'), ...words], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${before}${process.env['PATH']}`, HOME: home, ...compiled() },
  });
}

function texts(child: ChildProcess): { out: string; err: string } {
  const told = { out: '', err: '' };
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (told.out += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (told.err += text));
  return told;
}
