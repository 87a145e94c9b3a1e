import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Daemon } from './daemon.ts';
import { Follower, Watcher } from './follower.ts';
import { Http } from './http.ts';
import { Socket } from './socket.ts';
import type { Entry, Fields, Row, Sent } from './wire.ts';

/** A state directory with a daemon, a directory to work in, and clients of both faces. */
export class Place {
  readonly home: string;
  readonly state: string;
  readonly cwd: string;
  daemon!: Daemon;
  http!: Http;
  socket!: Socket;
  watcher!: Watcher;
  #programs: string | undefined;
  #sockets: Socket[] = [];

  private constructor(home: string) {
    this.home = home;
    this.state = path.join(home, 'state');
    this.cwd = path.join(home, 'work');
    mkdirSync(this.cwd);
  }

  static async open(): Promise<Place> {
    const made = await mkdtemp(path.join(tmpdir(), 'turnkeep-scenario-'));
    const place = new Place(await realpath(made));
    await place.start();
    return place;
  }

  /** One whose Claude Code is a stand-in that does what its prompts say, and can be steered. */
  static async withClaude(): Promise<Place> {
    const made = await mkdtemp(path.join(tmpdir(), 'turnkeep-scenario-'));
    const place = new Place(await realpath(made));
    place.#programs = path.join(place.home, 'bin');
    mkdirSync(place.#programs);
    const program = path.join(import.meta.dirname, 'claude-stand-in.mjs');
    const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
    writeFileSync(path.join(place.#programs, 'claude'), script, { mode: 0o755 });
    await place.start();
    return place;
  }

  async start(): Promise<void> {
    this.daemon = await Daemon.start(this.state, [], this.#programs);
    await this.connect();
  }

  async connect(): Promise<void> {
    this.http = new Http(this.daemon.url, this.daemon.token, 'scenario');
    this.#sockets = [];
    this.socket = await this.open();
    this.watcher = await Watcher.open(this.socket);
  }

  /** Another WebSocket to the daemon. */
  async open(token = this.daemon.token): Promise<Socket> {
    const socket = await Socket.open(this.daemon.url, token);
    this.#sockets.push(socket);
    return socket;
  }

  /** Kills the daemon and starts another one on the same state, at another port. */
  async restart(): Promise<void> {
    await this.daemon.kill();
    await this.restarted();
  }

  async restarted(): Promise<void> {
    this.http.close();
    await Promise.all(this.#sockets.map(({ closed }) => closed));
    await this.start();
  }

  /** A new session; its agent streams without delays. */
  async session(more: Fields = {}): Promise<Row> {
    const input = { cwd: this.cwd, agent: 'scripted', model: 'brisk', ...more };
    return (await this.http.call('sessions.create', input)).session;
  }

  /** Sends and waits for the end of the run. */
  async run(session: string, content: string): Promise<Sent> {
    const sent = await this.http.call('sessions.send', { session, content });
    await this.watcher.rest(session);
    return sent;
  }

  /** A feed of its own, on a socket of its own. */
  async follow(session: string, after = 0): Promise<Follower> {
    return Follower.open(await this.open(), session, after);
  }

  /** The whole log, page by page. */
  async log(session: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: { entries: readonly Entry[]; next: number | null } = await this.http.call(
        'sessions.history',
        { session, after, limit: 1000 },
      );
      entries.push(...page.entries);
      after = page.next;
    }
    return entries;
  }

  /** Lets everything come to its end: what hangs or asks is aborted, what is held goes on. */
  async calm(session: string): Promise<Row> {
    for (;;) {
      const row = await this.watcher.until('rest', session, ({ status, queued, held }) => {
        const rests = status === 'draft' || (status === 'idle' && (queued === 0 || held));
        return rests || status === 'working' || status === 'waiting';
      });
      const { activeRun, openApprovals } = row;
      if (activeRun === null && row.queued === 0) return row;
      if (activeRun === null) await this.http.call('queue.release', { session });
      else if (openApprovals > 0 || (await this.#hangs(session, activeRun.id))) {
        await this.http.call('sessions.abort', { session, wait: true });
      } else {
        await this.watcher.until('the end of a run', session, (next) => {
          return next.activeRun?.id !== activeRun.id || next.openApprovals > 0;
        });
      }
    }
  }

  async #hangs(session: string, run: string): Promise<boolean> {
    const input = { session, run, kinds: ['delivery'] };
    const { entries } = await this.http.call('sessions.history', input);
    return entries.some((entry) => textOf(entry).includes('[[hang]]'));
  }

  /** Stops the daemon, throws for processes that it left, and removes everything. */
  async close(): Promise<void> {
    await this.http.call('server.shutdown', { mode: 'stop' });
    this.http.close();
    await this.daemon.exited();
    const left = await processesOf(this.home);
    await rm(this.home, { recursive: true, force: true, maxRetries: 3 });
    if (left.length > 0) throw new Error(`Left behind: ${left.join('; ')}`);
  }
}

export const newId = (): string => randomUUID();

/** Processes whose command line, directory or environment names a directory. */
export async function processesOf(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [command, environment] = [await read('cmdline'), await read('environ')];
    if (!command.includes(directory) && !environment.includes(directory)) continue;
    found.push(`${pid} ${command.replaceAll('\0', ' ')}`);
  }
  return found;
}

/** The text of an entry's content. */
export function textOf({ data }: Pick<Entry, 'data'>): string {
  return (data.content ?? []).map(({ text = '' }) => text).join('');
}
