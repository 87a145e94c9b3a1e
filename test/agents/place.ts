import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Client, PartialEvent } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { leftOf, until } from '../app/processes.ts';
import { Talk } from '../app/talk.ts';
import { ModelServer } from '../fixtures/models/model-server.ts';
import { expect } from 'vitest';
import { realAgents, type RealAgent } from './real-agents.ts';
import { compiled } from '../compile-cache.ts';

const daemonProcess = fileURLToPath(new URL('daemon-process.ts', import.meta.url));

type DaemonProcess = ChildProcessByStdio<Writable, Readable, null>;

/** A daemon in a process of its own that works with a real agent and a scripted model. */
export class Place {
  readonly root: string;
  readonly model: ModelServer;
  readonly agent: RealAgent;
  readonly #trusted: string[] = [];
  readonly #talks: Talk[] = [];
  #daemon: DaemonProcess | null = null;
  #client: Client | null = null;

  private constructor(of: { root: string; model: ModelServer; agent: RealAgent }) {
    this.root = of.root;
    this.model = of.model;
    this.agent = of.agent;
  }

  /** `trusted`: directories beneath the root whose own settings the agent may use. */
  static async open(trusted: readonly string[] = [], agent: RealAgent = 'claude'): Promise<Place> {
    const root = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-agents-')));
    const place = new Place({ root, model: await ModelServer.start(), agent });
    await mkdir(place.home);
    await place.#withoutNpm();
    for (const name of trusted) {
      place.#trusted.push(path.join(root, name));
      await mkdir(path.join(root, name));
    }
    await place.start();
    return place;
  }

  get home(): string {
    return path.join(this.root, 'home');
  }

  get state(): string {
    return path.join(this.root, 'state');
  }

  get client(): Client {
    if (this.#client === null) throw new Error('no daemon is running');
    return this.#client;
  }

  async start(): Promise<void> {
    const how = JSON.stringify(await realAgents[this.agent](this.home, this.model.url));
    const args = [daemonProcess, this.state, this.agent, how, ...this.#trusted];
    // Nothing of this process's own environment, which may be that of another agent.
    const env = {
      PATH: `${this.#bin}:/usr/local/bin:/usr/bin:/bin`,
      HOME: this.home,
      ...compiled(),
    };
    const daemon = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#daemon = daemon;
    const lines = createInterface({ input: daemon.stdout });
    const failed = once(lines, 'close').then(() => {
      throw new Error('The daemon ended before it was ready.');
    });
    const [line] = (await Promise.race([once(lines, 'line'), failed])) as [string];
    failed.catch(() => undefined);
    const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string };
    this.#client = await nodeClient({ url, tokenFile, env: {} });
  }

  get #bin(): string {
    return path.join(this.root, 'bin');
  }

  /** An adapter looks for newer versions of itself by the package manager: nothing here asks the network. */
  async #withoutNpm(): Promise<void> {
    await mkdir(this.#bin);
    await writeFile(path.join(this.#bin, 'npm'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  }

  /** SIGKILL: the daemon is gone between two instructions. */
  async kill(): Promise<void> {
    await this.#leave(() => void this.#daemon?.kill('SIGKILL'));
  }

  /** The daemon stops its hosts and ends. */
  async stop(): Promise<void> {
    await this.#leave(() => void this.#daemon?.stdin.write('stop\n'));
  }

  async #leave(how: () => void): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null) return;
    const gone = once(daemon, 'exit');
    how();
    await gone;
    this.#daemon = null;
    this.#client?.close();
    this.#client = null;
    await Promise.allSettled(this.#talks.map((talk) => talk.quiet()));
  }

  /** A session, in a directory of its own where none is named. */
  async session(directory?: string): Promise<Talk> {
    const cwd = directory ?? (await mkdtemp(path.join(this.root, 'work-')));
    const { session } = await this.client.sessions.create({ cwd, agent: this.agent });
    return this.talk(session.id, cwd);
  }

  /** A session as its client sees it from the beginning, also after a restart. */
  talk(session: string, cwd: string): Talk {
    const talk = new Talk({ client: this.client, state: this.state, session, cwd });
    this.#talks.push(talk);
    return talk;
  }

  /** How often the model was asked with this text in the last script. */
  asked(text: string): number {
    return this.model.requests.filter(({ messages = [] }) => {
      const last = messages.findLast(({ role }) => role === 'user');
      return JSON.stringify(last?.content ?? '').includes(text);
    }).length;
  }

  /** The first text in progress for which it is so. */
  async partial(session: string, so: (event: PartialEvent) => boolean): Promise<PartialEvent> {
    const limit = AbortSignal.timeout(60_000);
    for await (const event of this.client.watch(session, { after: 0, signal: limit })) {
      if (event.type === 'partial' && so(event)) return event;
    }
    throw new Error(`no such text in progress in ${session}`);
  }

  /** Stops everything and waits until no process of any host is left. */
  async close(): Promise<void> {
    const hosts = new Map(this.#talks.flatMap((talk) => [...talk.hosts]));
    await this.stop();
    await this.model.close();
    await until('the processes of all hosts are gone', async () => {
      return (await leftOf(hosts)).length === 0;
    });
    await rm(this.root, { recursive: true, force: true });
  }
}

/** What holds for every session, whatever happened in it. */
export async function checked(talk: Talk): Promise<void> {
  const { entries } = await talk.whole();
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, at) => at + 1));
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
  expect(entries.filter(({ kind }) => kind === 'unrecognized')).toEqual([]);
  const ends = entries.filter(({ kind }) => kind === 'run_ended').map(({ runId }) => runId);
  expect(new Set(ends).size).toBe(ends.length);
}

export async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
