import { access, mkdir, mkdtemp, readdir, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CustomAgent } from '../../src/agents/agents.ts';
import { startDaemon } from '../../src/app/daemon.ts';
import type { Client } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { Archives } from '../../src/hosts/archive/archives.ts';
import { checkLog } from './check-log.ts';
import { composeDaemon, type Served } from './compose.ts';
import { leftOf, until } from './processes.ts';
import { Talk } from './talk.ts';

export interface PlaceOptions {
  /** Agents beside the built-in one; with them the daemon is put together by the tests. */
  agents?: readonly CustomAgent[];
  largeLine?: (bytes: number) => void;
}

/** A daemon with its state directory, for all tests of a file, and the checks of what it leaves. */
export class Place {
  readonly root: string;
  readonly state: string;
  readonly served: Served;
  readonly client: Client;
  readonly talks: Talk[] = [];
  /** What the daemon says of itself: nothing, where nothing of its own is broken. */
  readonly said: object[];

  private constructor(root: string, served: Served, client: Client, said: object[]) {
    this.root = root;
    this.state = join(root, 'state');
    this.served = served;
    this.client = client;
    this.said = said;
  }

  static async open(options: PlaceOptions = {}): Promise<Place> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-app-')));
    const state = join(root, 'state');
    const said: object[] = [];
    const log = (event: string, data: object): void => void said.push({ event, ...data });
    const { agents = [], largeLine } = options;
    const composed = agents.length > 0 || largeLine !== undefined;
    const served = composed
      ? await composeDaemon({ state, agents, log, ...(largeLine && { largeLine }) })
      : await startDaemon({ state, log });
    const { url, tokenFile } = served;
    return new Place(root, served, await nodeClient({ url, tokenFile, env: {} }), said);
  }

  /** A session in a directory of its own. */
  async session(options: { agent?: string; cwd?: string } = {}): Promise<Talk> {
    const cwd = options.cwd ?? (await mkdtemp(join(this.root, 'work-')));
    await mkdir(cwd, { recursive: true });
    const agent = options.agent ?? 'scripted';
    const { session } = await this.client.sessions.create({ cwd, agent });
    const talk = new Talk({ client: this.client, state: this.state, session: session.id, cwd });
    this.talks.push(talk);
    return talk;
  }

  /** A session with its first prompt on the way. */
  async play(prompt: string, options: { agent?: string } = {}): Promise<Talk> {
    const talk = await this.session(options);
    await talk.send(prompt);
    return talk;
  }

  /** Stops the daemon, checks what it leaves of all sessions, and removes everything. */
  async close(): Promise<void> {
    const hosts = new Map<string, number | null>();
    try {
      const following = Promise.all(this.talks.map((talk) => talk.quiet()));
      const stopped = this.served.shutdown('stop');
      await Promise.all([stopped, following]);
      for (const talk of this.talks) for (const [id, agent] of talk.hosts) hosts.set(id, agent);
      await until('the processes of all hosts are gone', async () => {
        return (await leftOf(hosts)).length === 0;
      });
      await archivedLater(this.state, await readdir(join(this.state, 'hosts')));
      expect(this.said).toEqual([]);
    } finally {
      this.client.close();
      await rm(this.root, { recursive: true, force: true });
    }
  }
}

/**
 * A daemon that stops waits a few seconds for archives; the next start makes those of large spools, and of
 * what waited behind one. Without a large one nothing is left.
 */
async function archivedLater(state: string, left: readonly string[]): Promise<void> {
  if (left.length === 0) return;
  const sizes = left.map(async (host) => {
    await access(join(state, 'hosts', host, 'exit'));
    return (await stat(join(state, 'hosts', host, 'out.ndjson'))).size;
  });
  const archives = await Archives.open(join(state, 'archive'));
  for (const { host } of await archives.list()) {
    const archive = await archives.find(host);
    sizes.push(archive === undefined ? Promise.resolve(0) : archive.size('out'));
    await archive?.close();
  }
  const largest = Math.max(...(await Promise.all(sizes)));
  expect({ left, large: largest > largeSpool }).toEqual({ left, large: true });
}

const largeSpool = 32 * 1024 * 1024;

/** An archive of half a GiB on a busy machine. */
const archiveMs = 60_000;

/** The log of a session, its row and what is left of the hosts that have ended. */
export async function check(talk: Talk): Promise<void> {
  const { entries, row } = await talk.whole();
  checkLog(entries, row);
  const ended = entries.flatMap((entry) =>
    entry.kind === 'host' && entry.data.state === 'ended' ? [entry.data.host] : [],
  );
  const hosts = new Map(ended.map((host) => [host, talk.hosts.get(host) ?? null]));
  expect(await leftOf(hosts)).toEqual([]);
  for (const host of ended) {
    await until(
      `the directory of host ${host} is removed`,
      async () => {
        const there = access(join(talk.state, 'hosts', host));
        return there.then(
          () => false,
          () => true,
        );
      },
      archiveMs,
    );
  }
}
