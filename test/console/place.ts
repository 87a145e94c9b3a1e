import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Client } from '../../src/client/client.ts';
import { nodeClient } from '../../src/client/node/node-client.ts';
import type { Entry } from '../../src/domain/entry.ts';
import { Daemon } from '../scenarios/daemon.ts';
import { openBrowser } from './browser.ts';

const laptop = { width: 1280, height: 800 };

/** A daemon with a directory to work in, a browser, and a client that sees what the page should show. */
export class ConsolePlace {
  readonly cwd: string;
  readonly #home: string;
  readonly #browser: Browser;
  /** What pages complained of: a script that failed, or something that the page's policy forbade. */
  readonly faults: string[] = [];
  daemon: Daemon;
  client: Client;

  private constructor(parts: { home: string; daemon: Daemon; client: Client; browser: Browser }) {
    this.#home = parts.home;
    this.cwd = path.join(parts.home, 'work');
    this.daemon = parts.daemon;
    this.client = parts.client;
    this.#browser = parts.browser;
  }

  static async open(): Promise<ConsolePlace> {
    const home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-console-')));
    await mkdir(path.join(home, 'work'));
    const browser = await openBrowser();
    try {
      const daemon = await Daemon.start(path.join(home, 'state'));
      const client = await clientOf(daemon);
      return new ConsolePlace({ home, daemon, client, browser });
    } catch (error) {
      await browser.close();
      await rm(home, { recursive: true });
      throw error;
    }
  }

  get port(): string {
    return new URL(this.daemon.url).port;
  }

  /** A link as `turnkeep up` prints it. */
  async link(): Promise<string> {
    const { code } = await this.client.logins.create();
    return `${this.daemon.url}/#code=${code}`;
  }

  /** A page of a browser that has nothing, not even a login. */
  async blank(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: laptop, ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.on('console', (message) => {
      // That nobody answers while there is no daemon is what the test is about.
      const gone = /ERR_CONNECTION_\w+|WebSocket connection to/.test(message.text());
      if (message.type() === 'error' && !gone) this.faults.push(message.text());
    });
    return page;
  }

  /** A page that is logged in, at a path. */
  async page(at = '/', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.blank(options);
    await page.goto(await this.link());
    await page.getByRole('navigation', { name: 'Console' }).waitFor();
    if (at !== '/') await page.goto(this.daemon.url + at);
    return page;
  }

  /** A session of the scripted agent. */
  async session(prompt?: string, more: { title?: string; cwd?: string } = {}): Promise<string> {
    const { session } = await this.client.sessions.create({
      agent: 'scripted',
      cwd: this.cwd,
      ...(prompt === undefined ? {} : { prompt }),
      ...more,
    });
    return session.id;
  }

  /** Resolves with the log when its run has ended. */
  async ended(session: string): Promise<readonly Entry[]> {
    const stop = new AbortController();
    for await (const event of this.client.watch(session, { after: 0, signal: stop.signal })) {
      if (event.type === 'entry' && event.entry.kind === 'run_ended') break;
    }
    stop.abort();
    return this.log(session);
  }

  async log(session: string): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: { entries: Entry[]; next: number | null } = await this.client.sessions.history({
        session,
        after,
      });
      entries.push(...page.entries);
      after = page.next;
    }
    return entries;
  }

  /** Another daemon at the same address, as after a crash. */
  async startAgain(): Promise<void> {
    const { port } = this;
    this.daemon = await Daemon.start(path.join(this.#home, 'state'), ['--port', port]);
    this.client.close();
    this.client = await clientOf(this.daemon);
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.client.server.shutdown({ mode: 'stop' });
    this.client.close();
    await this.daemon.exited();
    await rm(this.#home, { recursive: true });
  }
}

function clientOf({ url, tokenFile }: Daemon): Promise<Client> {
  return nodeClient({ url, tokenFile, env: {} });
}

/** The numbers of the entries that the page shows, from top to bottom, scrolled through from its beginning. */
export async function shownSeqs(page: Page): Promise<number[]> {
  const list = page.getByRole('log');
  await list.evaluate((element) => element.scrollTo(0, 0));
  const seen = new Map<number, number>();
  for (;;) {
    // What is laid out after the scrolling is there two frames later.
    const { seqs, atEnd } = await list.evaluate(async (element) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      await frame();
      await frame();
      const items = [...element.querySelectorAll<HTMLElement>('[data-seq]')];
      const found = items.map((item) => Number(item.dataset['seq']));
      const left = element.scrollHeight - element.clientHeight - element.scrollTop;
      element.scrollBy(0, element.clientHeight / 2);
      return { seqs: found, atEnd: left < 2 };
    });
    for (const [at, seq] of seqs.entries()) {
      if (seqs.indexOf(seq) !== at) throw new Error(`Entry ${seq} is shown twice.`);
      seen.set(seq, (seen.get(seq) ?? 0) + 1);
    }
    if (atEnd) return [...seen.keys()].toSorted((a, b) => a - b);
  }
}
