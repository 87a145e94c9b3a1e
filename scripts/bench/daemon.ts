import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

const program = fileURLToPath(new URL('./daemon-process.ts', import.meta.url));

/** A daemon in a process of its own, and calls to it over one connection that stays open. */
export class BenchDaemon {
  readonly url: string;
  readonly pid: number;
  /** Spawn to ready, and of that the part from `startDaemon` on, in milliseconds. */
  readonly times: { spawn: number; open: number };
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #token: string;

  private constructor(
    child: ChildProcess,
    state: string,
    told: { url: string; openMs: number; spawnMs: number },
  ) {
    this.#child = child;
    this.url = told.url;
    this.pid = child.pid!;
    this.times = { spawn: told.spawnMs, open: told.openMs };
    this.#token = readFileSync(path.join(state, 'token'), 'utf8').trim();
  }

  /** `agentProgram`: what is run in the place of Node for the scripted agent. */
  static async start(state: string, agentProgram?: string): Promise<BenchDaemon> {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const began = performance.now();
    const child = spawn(
      process.execPath,
      [program, state, ...(agentProgram === undefined ? [] : [agentProgram])],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    process.once('exit', () => child.kill('SIGKILL'));
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString()));
      child.once('exit', (code) => reject(new Error(`The daemon ended with ${code}.`)));
    });
    const told = JSON.parse(line) as { url: string; openMs: number };
    return new BenchDaemon(child, state, { ...told, spawnMs: performance.now() - began });
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
          authorization: `Bearer ${this.#token}`,
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

  /** A WebSocket on which JSON-RPC is spoken. */
  async socket(): Promise<WebSocket> {
    const socket = new WebSocket(`${this.url.replace(/^http/, 'ws')}/rpc`, {
      headers: { authorization: `Bearer ${this.#token}` },
      perMessageDeflate: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return socket;
  }

  async stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    await this.call('server.shutdown', { mode: 'stop' });
    this.#agent.destroy();
    await ended;
  }
}
