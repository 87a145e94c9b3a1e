import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Client } from '../../src/client/client.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import type { Entry } from '../../src/domain/entry.ts';
import { compiled } from '../compile-cache.ts';

export const script = path.join(import.meta.dirname, '../../src/cli/main.ts');

/** A daemon in a process of its own, on a state directory that goes with it. */
export class Daemon {
  readonly home: string;
  readonly state: string;
  readonly cwd: string;
  client!: Client;
  url = '';
  token = '';
  #child!: ChildProcess;

  private constructor(home: string) {
    this.home = home;
    this.state = path.join(home, 'state');
    this.cwd = path.join(home, 'work');
  }

  static async open(): Promise<Daemon> {
    const made = await mkdtemp(path.join(tmpdir(), 'turnkeep-acp-'));
    const daemon = new Daemon(await realpath(made));
    await mkdir(daemon.cwd);
    await daemon.start();
    return daemon;
  }

  async start(): Promise<void> {
    const words = [script, 'up', '--state', this.state, '--port', '0', '--json'];
    this.#child = spawn(process.execPath, words, {
      env: this.env(),
      cwd: this.home,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface({ input: this.#child.stdout! }), 'line')) as [
      string,
    ];
    const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string };
    this.url = url;
    this.token = (await readFile(tokenFile, 'utf8')).trim();
    this.client ??= await nodeClient({ state: this.state, name: 'test', env: {} });
  }

  env(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.home, ...compiled() };
  }

  async kill(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async close(): Promise<void> {
    const gone = once(this.#child, 'exit');
    await this.client.server.shutdown({ mode: 'stop' });
    this.client.close();
    await gone;
    await rm(this.home, { recursive: true, force: true, maxRetries: 3 });
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

  /** The first entry for which it is so, of those that are there or come. */
  async entry(session: string, so: (entry: Entry) => boolean): Promise<Entry> {
    for await (const event of this.client.watch(session, { after: 0 })) {
      if (event.type === 'entry' && so(event.entry)) return event.entry;
    }
    throw new Error('the feed ended');
  }
}
