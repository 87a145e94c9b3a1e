import {
  type Client,
  createClient,
  endLogin,
  pageAccess,
  RefusalError,
  renewLogin,
} from 'turnkeep/client';
import { Guard } from '../approvals/guard.ts';
import { Unsent } from '../approvals/unsent.ts';
import { Cell } from './cell.ts';
import { DaemonClock } from './clock.ts';
import { Router } from '../router.ts';
import { Drafts } from './drafts.ts';
import { hear, Kept, KeptMap } from './keep.ts';
import { Highlighter } from '../text/highlighter.ts';
import type { LogPlace } from './log-window.ts';
import { SessionList } from './session-list.ts';
import { SessionLog } from './session-log.ts';

export type Theme = 'system' | 'light' | 'dark';

/** Logs that nobody looks at any more, kept so that going back is at once. */
const keptLogs = 4;
const tickMs = 20_000;
/** The cookie of the login lives for 30 days from then on. */
const renewMs = 86_400_000;

/** All that the page has: one client with one WebSocket, the list, and the logs that are open. */
export class Console {
  readonly client: Client;
  readonly #stop = new AbortController();
  readonly router = new Router(this.#stop.signal);
  readonly highlighter = new Highlighter();
  readonly list: SessionList;
  readonly pinned = new Kept<readonly string[]>('pinned', []);
  readonly folded = new Kept<readonly string[]>('folded', []);
  readonly theme = new Kept<Theme>('theme', 'system');
  /** What this browser has shown of each session: the seq up to which it was read. */
  readonly seen = new KeptMap<number>('seen');
  /** What is older than this browser is not new. */
  readonly since = new Kept<string>('since', new Date().toISOString());
  readonly drafts = new Drafts();
  /** Whether keys of one letter do something. */
  readonly letters = new Kept<boolean>('letters', true);
  /** Whether notifications are wished here. */
  readonly notify = new Kept<boolean>('notify', false);
  /** What is open above the page. */
  readonly dialog = new Cell<'palette' | 'help' | null>(null);
  /** Why something was not done that was asked for where there is no place to say it. */
  readonly refused = new Cell<string | null>(null);
  readonly clock = new DaemonClock();
  /** The time that ages are counted from. */
  readonly now = new Cell(this.clock.now());
  /** Keys and clicks that decide what is asked. */
  readonly guard = new Guard(this.letters);
  /** What was begun to be answered. */
  readonly unsent = new Unsent();
  /** When the daemon was started that has taken the place of another one under this page. */
  readonly restarted = new Cell<string | null>(null);
  /** Whether somebody logs this browser out, and the daemon has done it. */
  readonly leaving = new Cell<'no' | 'asked' | 'done'>('no');
  #startedAt: string | null = null;
  #renewedAt = 0;
  readonly #logs = new Map<string, SessionLog>();
  /** The page's half of the login. */
  readonly page: string;

  constructor(page: string) {
    this.page = page;
    this.client = createClient({ url: location.origin, name: 'console', ...pageAccess(page) });
    this.list = new SessionList(this.client);
    // It is kept from the first visit on.
    this.since.set(this.since.get());
  }

  start(): void {
    const { signal } = this.#stop;
    const { pinned, folded, theme, seen, letters, notify, drafts } = this;
    hear([pinned, folded, theme, seen, letters, notify, drafts.kept], signal);
    void this.list.run(signal);
    void this.#lookAtDaemon();
    this.list.feed.watch(() => void this.#lookAtDaemon());
    const tick = () => this.now.set(this.clock.now());
    this.clock.watch(tick);
    const timer = setInterval(() => {
      tick();
      void this.#renew();
    }, tickMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** A socket that is refused tells a page nothing: whether it is still logged in is asked for. */
  async #lookAtDaemon(): Promise<void> {
    try {
      const { startedAt } = await this.clock.read(() => this.client.server.info({}, { tries: 1 }));
      if (this.#startedAt !== null && this.#startedAt !== startedAt) this.restarted.set(startedAt);
      this.#startedAt = startedAt;
      void this.#renew();
    } catch (error) {
      // It has gone again: the feed says so, and this is asked when it is back.
      if (!(error instanceof RefusalError)) throw error;
      if (error.refusal.code === 'unauthenticated') this.list.ended.set(error);
    }
  }

  /** A cookie ends by itself; the login lives on for as long as it is used. */
  async #renew(): Promise<void> {
    if (Date.now() - this.#renewedAt < renewMs) return;
    this.#renewedAt = Date.now();
    try {
      await renewLogin(location.origin, this.page);
    } catch (error) {
      // Tomorrow is early enough, and whether the login has ended is asked elsewhere.
      if (!(error instanceof RefusalError)) throw error;
    }
  }

  /** Ends the login of this browser at the daemon; throws the refusal where that did not answer. */
  async logOut(): Promise<void> {
    this.leaving.set('asked');
    try {
      await endLogin(location.origin, this.page);
      this.leaving.set('done');
    } catch (error) {
      this.leaving.set('no');
      throw error;
    }
  }

  close(): void {
    this.#stop.abort();
    for (const log of this.#logs.values()) log.close();
    this.highlighter.close();
    this.client.close();
  }

  /** The log of a session, which is open from now on; the latest ones stay open. */
  log(session: string, at: LogPlace | null): SessionLog {
    const known = this.#logs.get(session);
    if (known !== undefined && known.problem.get() === null) {
      this.#logs.delete(session);
      this.#logs.set(session, known);
      return known;
    }
    known?.close();
    const log = new SessionLog(this.client, session, this.list.feed);
    this.#logs.set(session, log);
    void log.run(at);
    for (const [id, old] of this.#logs) {
      if (this.#logs.size <= keptLogs) break;
      old.close();
      this.#logs.delete(id);
    }
    return log;
  }

  markSeen(session: string, seq: number): void {
    if ((this.seen.get()[session] ?? 0) >= seq) return;
    this.seen.put(session, seq);
  }

  togglePin(session: string): void {
    this.pinned.update((pinned) => toggled(pinned, session));
  }

  toggleFold(key: string): void {
    this.folded.update((folded) => toggled(folded, key));
  }
}

function toggled(list: readonly string[], one: string): readonly string[] {
  return list.includes(one) ? list.filter((other) => other !== one) : [...list, one];
}
