import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

const program = fileURLToPath(new URL('./daemon-process.mjs', import.meta.url));
const abandonMs = 20_000;

export interface DaemonChoices {
  /**
   * `command`: the `turnkeep` command as it is installed. Else a small script around `startDaemon`, with
   * that program in the place of Node for the scripted agent (null for Node).
   */
  as: 'command' | { agent: string | null };
}

/** Milliseconds from one turn of the event loop to the next. */
interface Delays {
  stallMs: number;
  stallP99Ms: number;
  /** The most processor time that the main thread itself spent in one. */
  workMs: number;
}

interface Told {
  url: string;
  openMs: number;
}

/** A daemon in a process of its own, and calls to it over connections that stay open. */
export class BenchDaemon {
  readonly url: string;
  readonly pid: number;
  readonly token: string;
  /** Spawn to ready, and of that the part from `startDaemon` on, in milliseconds. */
  readonly times: { spawn: number; open: number };
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #beforeStop: () => Promise<void> = () => Promise.resolve();

  private constructor(child: ChildProcess, state: string, told: Told & { spawnMs: number }) {
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
    this.url = told.url;
    this.pid = child.pid!;
    this.times = { spawn: told.spawnMs, open: told.openMs };
    this.token = readFileSync(path.join(state, 'token'), 'utf8').trim();
  }

  /** In a process group of its own: a Ctrl-C at the terminal is for the bench, which stops it. */
  static async start(build: string, state: string, { as }: DaemonChoices): Promise<BenchDaemon> {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const began = performance.now();
    const { child, ready } = as === 'command' ? command(build, state) : script(build, state, as);
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const ended = new Promise<never>((_, reject) => {
      child.once('exit', (code) => reject(new Error(`The daemon ended with ${code}.`)));
    });
    const told = await Promise.race([ready, ended]);
    return new BenchDaemon(child, state, { ...told, spawnMs: performance.now() - began });
  }

  beforeStop(call: () => Promise<void>): void {
    this.#beforeStop = call;
  }

  /** `POST /v1/{operation}`. */
  call(operation: string, input: object): Promise<Record<string, unknown>> {
    const body = JSON.stringify(input);
    return new Promise((resolve, reject) => {
      const asked = request(`${this.url}/v1/${operation}`, {
        method: 'POST',
        agent: this.#agent,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          authorization: `Bearer ${this.token}`,
        },
      });
      asked.on('error', reject);
      asked.on('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text) as Record<string, unknown>);
          else reject(new Error(`${operation}: ${answer.statusCode} ${text.slice(0, 300)}`));
        });
      });
      asked.end(body);
    });
  }

  /** Milliseconds until the answer is here and read. */
  async time(operation: string, input: object): Promise<number> {
    const began = performance.now();
    await this.call(operation, input);
    return performance.now() - began;
  }

  socket(): Promise<WebSocket> {
    return openSocket(this);
  }

  /** How long its main thread was held up since this was last asked. */
  delays(): Promise<Delays> {
    return new Promise((resolve) => {
      this.#child.once('message', (told) => resolve(told as Delays));
      this.#child.send('delays');
    });
  }

  /** Resident memory now, and the most since `forgetPeak`. */
  memory(): { now: number; peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const mebibytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
    return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
  }

  /** The kernel begins a new peak of its resident memory. */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  async stop(): Promise<void> {
    await this.#beforeStop();
    await this.call('server.shutdown', { mode: 'stop' });
    this.#agent.destroy();
    await this.#exited;
  }

  /** Stops it when the measure does not go on; kills it where that takes too long. */
  async abandon(): Promise<void> {
    this.#agent.destroy();
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), abandonMs);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** A WebSocket on which JSON-RPC is spoken. */
export async function openSocket({
  url,
  token,
}: {
  url: string;
  token: string;
}): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/rpc`, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    skipUTF8Validation: true,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  return socket;
}

interface Starting {
  child: ChildProcess;
  ready: Promise<Told>;
}

function command(build: string, state: string): Starting {
  const words = [path.join(build, 'cli', 'main.js'), 'up', '--port', '0', '--json'];
  const child = spawn(process.execPath, [...words, '--state', state], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ready = new Promise<Told>((resolve) => {
    child.stdout.once('data', (line: Buffer) => {
      resolve({ url: (JSON.parse(line.toString()) as Told).url, openMs: Number.NaN });
    });
  });
  return { child, ready };
}

function script(build: string, state: string, { agent }: { agent: string | null }): Starting {
  const words = [build, state, ...(agent === null ? [] : [agent])];
  const child = fork(program, words, { detached: true, execArgv: [] });
  const ready = new Promise<Told>((resolve) => {
    child.once('message', (told) => resolve(told as Told));
  });
  return { child, ready };
}
