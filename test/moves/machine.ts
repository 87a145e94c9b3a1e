import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Client, createClient } from '../../src/client/client.ts';
import { nodeSocket } from '../../src/client/node/node-socket.ts';
import type { Entry } from '../../src/domain/entry.ts';
import type { Move } from '../../src/domain/move.ts';
import { type Refusal, RefusalError } from '../../src/domain/refusal.ts';
import { compiled } from '../compile-cache.ts';

const main = path.join(import.meta.dirname, '../../src/cli/main.ts');

/** What is to be ended with all tests of a file, latest first. */
export class Closing {
  readonly #calls: (() => Promise<void>)[] = [];

  readonly add = (call: () => Promise<void>): void => void this.#calls.push(call);

  readonly all = async (): Promise<void> => {
    for (const call of this.#calls.splice(0).toReversed()) await call();
  };
}

/** A daemon in a process of its own, as on a machine of its own: state, HOME and directory are nobody else's. */
export class Machine {
  readonly home: string;
  readonly cwd: string;
  readonly state: string;
  url = '';
  token = '';
  client!: Client;
  #process: ChildProcess | null = null;
  #port = '0';

  private constructor(home: string) {
    this.home = home;
    this.cwd = path.join(home, 'work');
    this.state = path.join(home, 'state');
  }

  /** Ends with the test, or with what `after` says. `hooks`: its hooks, as their file says them. */
  static async open(
    after: (close: () => Promise<void>) => void = onTestFinished,
    hooks?: object,
  ): Promise<Machine> {
    const home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-machine-')));
    const machine = new Machine(home);
    await mkdir(machine.cwd);
    if (hooks !== undefined) {
      await mkdir(machine.state, { mode: 0o700 });
      await writeFile(path.join(machine.state, 'hooks.json'), JSON.stringify(hooks), {
        mode: 0o600,
      });
    }
    await machine.start();
    after(async () => {
      machine.client.close();
      await machine.#stop();
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    });
    return machine;
  }

  /** Always at the port of its first start. */
  async start(): Promise<void> {
    const words = ['up', '--state', this.state, '--port', this.#port, '--json'];
    const env = {
      PATH: process.env['PATH'],
      HOME: this.home,
      TURNKEEP_NO_NOTICE: '1',
      ...compiled(),
    };
    const child = spawn(process.execPath, [main, ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    let told = '';
    child.stderr.on('data', (bytes: Buffer) => (told = `${told}${String(bytes)}`.slice(-4000)));
    const lines = createInterface({ input: child.stdout });
    const line = await Promise.race([
      once(lines, 'line').then(([text]) => text as string),
      once(child, 'exit').then(() => Promise.reject(new Error(`The daemon ended: ${told}`))),
    ]);
    const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string };
    this.url = url;
    this.#port = new URL(url).port;
    this.token = (await readFile(tokenFile, 'utf8')).trim();
    this.client?.close();
    this.client = createClient({ url, token: this.token, WebSocket: nodeSocket() });
  }

  /** As a machine goes: at once. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async session(more: object = {}): Promise<string> {
    const input = { cwd: this.cwd, agent: 'scripted', model: 'brisk', ...more };
    return (await this.client.sessions.create(input)).session.id;
  }

  /** Sends and waits for the end of the run. */
  async run(session: string, content: string): Promise<void> {
    const { run } = await this.client.sessions.send({ session, content });
    await this.ended(session, run);
  }

  async ended(session: string, run: string | undefined): Promise<void> {
    const over = new AbortController();
    const events = this.client.watch(session, { after: 0, signal: over.signal });
    for await (const event of events) {
      if (event.type !== 'entry') continue;
      const { kind, runId } = event.entry;
      if (kind === 'run_ended' && (run === undefined || runId === run)) break;
    }
    over.abort();
  }

  async log(session: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: { entries: Entry[]; next: number | null } = await this.client.sessions.history({
        session,
        after,
        limit: 1000,
      });
      entries.push(...page.entries);
      after = page.next;
    }
    return entries;
  }

  /** Why a prompt is not taken; null where it is. */
  async refuses(session: string): Promise<Refusal | null> {
    try {
      await this.client.sessions.send({ session, content: '[[say here]]' });
      return null;
    } catch (error) {
      if (error instanceof RefusalError) return error.refusal;
      throw error;
    }
  }

  /** The move of a session once it is as wanted: nobody tells of that, so it is asked for. */
  async move(session: string, wanted: (move: Move) => boolean): Promise<Move> {
    for (;;) {
      const { moves } = await this.client.moves.list({});
      const move = moves.find((one) => one.session === session) as Move | undefined;
      if (move !== undefined && wanted(move)) return move;
      await delay(20);
    }
  }

  async settled(session: string): Promise<void> {
    for (;;) {
      const { moves } = await this.client.moves.list({});
      const open = moves.some((one) => one.session === session && one.endedAt === null);
      const { writer } = (await this.client.sessions.get({ session })).session;
      if (!open && writer.state !== 'moving') return;
      await delay(20);
    }
  }

  async #stop(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    // One that was killed has left agents behind.
    if (child.exitCode !== null || child.signalCode !== null) await this.start();
    await this.#shutDown();
  }

  async #shutDown(): Promise<void> {
    const child = this.#process!;
    await this.client.server.shutdown({ mode: 'stop' }).catch(() => child.kill('SIGKILL'));
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

/** The refusal that a call ends in. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const answer = await call.catch((error: unknown) => error);
  if (answer instanceof RefusalError) return answer.refusal;
  throw new Error(`It was not refused: ${JSON.stringify(answer)}`);
}

/** What an entry is, in which two logs must not differ. */
export const nameOf = ({ seq, id, digest }: Entry): string => `${seq} ${id} ${digest}`;
