import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import type { ApiConfig } from '../../src/api/options.ts';
import type { Order } from '../fixtures/faces/main.ts';
import { Rpc } from './harness.ts';

const program = fileURLToPath(new URL('../fixtures/faces/main.ts', import.meta.url));

/** A daemon in a process of its own, with a state directory and one for its agents to work in. */
export class DaemonProcess {
  readonly root: string;
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  #said = '';
  url = '';
  secret = '';

  private constructor(root: string, child: ChildProcess) {
    this.root = root;
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
  }

  static async open(config: Partial<ApiConfig> = {}): Promise<DaemonProcess> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-faces-')));
    const child = fork(program, {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const daemon = new DaemonProcess(root, child);
    await mkdir(daemon.state, { mode: 0o700, recursive: true });
    await mkdir(daemon.cwd);
    const options = { state: daemon.state, cwd: daemon.cwd, config };
    try {
      Object.assign(daemon, await daemon.#tell({ order: 'open', options }));
      return daemon;
    } catch (error) {
      child.kill('SIGKILL');
      await rm(root, { recursive: true, force: true });
      throw error;
    }
  }

  get state(): string {
    return join(this.#home, 'state');
  }

  get cwd(): string {
    return join(this.#home, 'work');
  }

  /** Deep enough that what climbs out of the state directory is still within the root. */
  get #home(): string {
    return join(this.root, '1', '2', '3', '4', '5', '6');
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** What it wrote of its own accord; nothing, unless it broke. */
  get said(): string {
    return this.#said;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async fill(ids: readonly string[], chars: number): Promise<void> {
    await this.#tell({ order: 'fill', ids, chars });
  }

  async prompt(ids: readonly string[], chars: number): Promise<void> {
    await this.#tell({ order: 'prompt', ids, chars });
  }

  /** A log that is written from outside, of lines as `lineOf` makes them. */
  async transcript(id: string, count: number, chars: number): Promise<void> {
    await this.#tell({ order: 'transcript', id, count, chars });
  }

  memory(): Promise<number> {
    return this.#tell({ order: 'memory' }) as Promise<number>;
  }

  block(): Promise<number> {
    return this.#tell({ order: 'block' }) as Promise<number>;
  }

  turn(): Promise<number> {
    return this.#tell({ order: 'turn' }) as Promise<number>;
  }

  /** Bytes of it that are in memory, with all that its runtime and its threads hold. */
  async resident(): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  }

  logged(): Promise<object[]> {
    return this.#tell({ order: 'logged' }) as Promise<object[]>;
  }

  inherited(): Promise<string[]> {
    return this.#tell({ order: 'inherited' }) as Promise<string[]>;
  }

  /** A request whose path is sent as it is; of an answer that goes on only the status is taken. */
  ask(path: string, body: string | null): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${this.secret}`,
        ...(body === null
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      const method = body === null ? 'GET' : 'POST';
      const options = { host: '127.0.0.1', port: this.port, method, path, headers };
      const sent = request({ ...options, agent: this.#agent }, (response) => {
        const status = response.statusCode ?? 0;
        let text = '';
        if (response.headers['content-type'] !== 'application/json') {
          response.destroy();
          resolve({ status, text });
        }
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status, text }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body ?? undefined);
    });
  }

  async socket(): Promise<Rpc> {
    const headers = { authorization: `Bearer ${this.secret}` };
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/rpc`, { headers });
    const rpc = new Rpc(socket);
    await once(socket, 'open');
    return rpc;
  }

  /** Fails where it has said or logged anything; it is ended all the same. */
  async close(): Promise<void> {
    this.#agent.destroy();
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    try {
      const logged = await this.logged();
      await this.#tell({ order: 'close' });
      if (logged.length > 0) throw new Error(`It logged ${JSON.stringify(logged)}`);
      if (this.#said !== '') throw new Error(`It said ${this.#said}`);
    } finally {
      if (this.alive) setTimeout(() => this.#child.kill('SIGKILL'), 5000).unref();
      if (this.alive) await exited;
      await rm(this.root, { recursive: true, force: true });
    }
  }

  /** One order at a time. */
  #tell(order: Order): Promise<unknown> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        child.off('message', told);
        child.off('exit', ended);
      };
      const told = ({ answer, error }: { answer?: unknown; error?: string }): void => {
        done();
        if (error === undefined) resolve(answer);
        else reject(new Error(error));
      };
      const ended = (): void => {
        done();
        reject(new Error(`The daemon has ended. ${this.#said}`));
      };
      if (!this.alive) return ended();
      child.on('message', told);
      child.on('exit', ended);
      child.send(order);
    });
  }
}
