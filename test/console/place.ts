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

  /** What is needed before the daemon starts is put into its home; agents are looked for in `bin` there first. */
  static async open(prepare?: (home: string) => Promise<void>): Promise<ConsolePlace> {
    const home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-console-')));
    await mkdir(path.join(home, 'work'));
    const browser = await openBrowser();
    try {
      await prepare?.(home);
      const daemon = await Daemon.start(path.join(home, 'state'), [], path.join(home, 'bin'));
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

  /** A session of the scripted agent, unless another one is named. */
  async session(
    prompt?: string,
    more: { title?: string; cwd?: string; agent?: string } = {},
  ): Promise<string> {
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
    const [state, bin] = [path.join(this.#home, 'state'), path.join(this.#home, 'bin')];
    this.daemon = await Daemon.start(state, ['--port', port], bin);
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

/** An entry on the page. Of a fork the log is that of a base, where it is from there. */
export interface ShownEntry {
  log: string | null;
  seq: number;
  /** What is to be read of it, without its buttons. */
  text: string;
}

/**
 * The entries that the page shows, in the order in which they stand there, scrolled through from the beginning of
 * its list. One that stands there twice is in it twice, however far apart. Fails where something may have been
 * passed over, or where what was above is below afterwards.
 */
export async function shownEntries(page: Page): Promise<ShownEntry[]> {
  const list = page.getByRole('log');
  return list.evaluate(async (element) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const shown: { log: string | null; seq: number; text: string }[] = [];
    const places = new Map<Element, number>();
    const look = () => {
      let last = -1;
      let bottom = Number.NEGATIVE_INFINITY;
      const known = shown.length;
      for (const node of element.querySelectorAll<HTMLElement>('[data-seq]')) {
        const at = places.get(node) ?? shown.length;
        const { top } = node.getBoundingClientRect();
        const name = `${node.dataset['log'] ?? ''} ${node.dataset['seq']}`;
        if (at <= last || top < bottom) throw new Error(`Entry ${name} is not in its order.`);
        if (last < 0 && at === known && known > 0)
          throw new Error(`Before ${name} some are left out.`);
        [last, bottom] = [at, top];
        if (at < shown.length) continue;
        places.set(node, at);
        const inside = node.querySelector('.item-inside')!.cloneNode(true) as Element;
        for (const part of inside.querySelectorAll('button, .raw')) part.remove();
        shown.push({
          log: node.dataset['log'] ?? null,
          seq: Number(node.dataset['seq']),
          text: inside.textContent,
        });
      }
    };
    element.scrollTo(0, 0);
    for (;;) {
      // What is laid out after the scrolling is there two frames later.
      await frame();
      await frame();
      look();
      const left = element.scrollHeight - element.clientHeight - element.scrollTop;
      // What comes next may be on its way.
      if (left < 2 && document.querySelector('.to-end') === null) return shown;
      element.scrollBy(0, element.clientHeight / 2);
    }
  });
}
