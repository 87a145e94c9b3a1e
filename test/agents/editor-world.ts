// A real agent, a scripted model, a daemon that can be killed, and editors made of the official SDK that reach
// the agent through `turnkeep acp`.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Client, Entry, SessionRow } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { Editor } from '../acp-face/editor.ts';
import { leftOf, until } from '../app/processes.ts';
import { ModelServer } from '../fixtures/models/model-server.ts';
import { compiled } from '../compile-cache.ts';

/** How a daemon is started that has the agent: a Node program's arguments and all of its environment. */
export interface DaemonStart {
  words: readonly string[];
  env: { readonly [name: string]: string };
}

export interface Where {
  home: string;
  state: string;
  /** Address of the scripted model. */
  model: string;
  /** Programs found before those of the machine. */
  bin: string;
}

type DaemonProcess = ChildProcessByStdio<Writable, Readable, null>;

export class EditorWorld {
  readonly root: string;
  readonly agent: string;
  readonly model: ModelServer;
  readonly #start: DaemonStart;
  readonly #editors: Editor[] = [];
  #daemon: DaemonProcess | null = null;
  #client: Client | null = null;
  #directories = 0;

  private constructor(of: { root: string; agent: string; model: ModelServer; start: DaemonStart }) {
    this.root = of.root;
    this.agent = of.agent;
    this.model = of.model;
    this.#start = of.start;
  }

  static async open(
    agent: string,
    prepare: (where: Where) => Promise<DaemonStart>,
  ): Promise<EditorWorld> {
    const root = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-editor-')));
    const model = await ModelServer.start();
    const [home, state, bin] = ['home', 'state', 'bin'].map((name) => path.join(root, name));
    await mkdir(home!);
    await mkdir(bin!);
    // Adapters look for newer versions by the package manager: nothing here asks the network.
    await writeFile(path.join(bin!, 'npm'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const start = await prepare({ home: home!, state: state!, bin: bin!, model: model.url });
    const world = new EditorWorld({ root, agent, model, start });
    try {
      await world.start();
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
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

  /** What an editor's own `turnkeep acp` sees of the machine. */
  env(): NodeJS.ProcessEnv {
    return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.home, ...compiled() };
  }

  async start(): Promise<void> {
    const { words, env } = this.#start;
    const daemon = spawn(process.execPath, words, { env, stdio: ['pipe', 'pipe', 'inherit'] });
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

  /** SIGKILL: the daemon is gone between two instructions. */
  async kill(): Promise<void> {
    const gone = once(this.#daemon!, 'exit');
    this.#daemon!.kill('SIGKILL');
    await this.#left(gone);
  }

  /** The daemon stops its hosts and ends. */
  async stop(): Promise<void> {
    // One that never got ready has ended.
    if (this.#daemon === null || this.#client === null) return;
    const gone = once(this.#daemon, 'exit');
    await this.client.server.shutdown({ mode: 'stop' });
    await this.#left(gone);
  }

  async #left(gone: Promise<unknown>): Promise<void> {
    await gone;
    this.#daemon = null;
    this.#client?.close();
    this.#client = null;
  }

  /** An editor that declares what it can show; without it forms and notices. */
  async editor(capabilities?: object): Promise<Editor> {
    const words = ['--agent', this.agent];
    const more = capabilities === undefined ? {} : { capabilities };
    const editor = await Editor.spawned(this, { words, ...more });
    this.#editors.push(editor);
    return editor;
  }

  /** A directory of its own, beneath the root. */
  async directory(): Promise<string> {
    const name = path.join(this.root, `work-${String((this.#directories += 1))}`);
    await mkdir(name);
    return name;
  }

  async row(session: string): Promise<SessionRow> {
    return (await this.client.sessions.get({ session })).session;
  }

  /** The whole log of a session. */
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

  /** Ends what the session is at, and takes it away: an agent may take half a gigabyte. */
  async remove(session: string): Promise<void> {
    await this.client.sessions.abort({ session, force: true, wait: true });
    const hosts = (await this.log(session)).flatMap((entry) =>
      entry.kind === 'host' ? [[entry.data.host, null] as const] : [],
    );
    await this.client.sessions.delete({ session });
    await until(
      'no process of the session is left',
      async () => {
        return (await leftOf(new Map(hosts))).length === 0;
      },
      20_000,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#editors.map((editor) => editor.close()));
    await this.stop();
    await this.model.close();
    await rm(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}
