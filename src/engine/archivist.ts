import type { Clock } from '../ports/clock.ts';
import type { Hosts } from '../ports/hosts.ts';
import type { SentMark } from '../ports/raw.ts';
import type { SettledFiles, Store } from '../ports/store.ts';
import type { Log } from './log.ts';
import { expired } from './retention.ts';
import { within } from './within.ts';

export interface ArchivistContext {
  store: Store;
  hosts: Hosts;
  clock: Clock;
  log: Log;
}

const marksPage = 1000;
const retryMs = 1000;

/**
 * Keeps the files of hosts that have ended, one host after the other, and lets go of what is old.
 *
 *   end stored ──▶ archive whole ──▶ settled in the store, marks gone ──▶ directory removed ──▶ retention
 *
 * Each step leaves what the one before it needs: after a crash the next start begins with the first again.
 * No run waits for it. What cannot be archived is lost, and said to be: the log has all that counts.
 */
export class Archivist {
  readonly #context: ArchivistContext;
  readonly #stop = new AbortController();
  readonly #known = new Set<string>();
  readonly #stopped: Promise<unknown>;
  #work: Promise<void> = Promise.resolve();

  constructor(context: ArchivistContext) {
    this.#context = context;
    this.#stopped = new Promise((resolve) => {
      this.#stop.signal.addEventListener('abort', resolve);
    });
  }

  /** A host has ended; its end is stored. */
  add(host: string): void {
    if (this.#known.has(host)) return;
    this.#known.add(host);
    this.#then('host.archive', host, async () => {
      await this.#keep(host);
      this.#known.delete(host);
      await this.#expire();
    });
  }

  /** Lets go of what has become old while no daemon was there. */
  begin(): void {
    this.#then('archive.expire', null, () => this.#expire());
  }

  /** Resolves when nothing is left to be done. */
  idle(): Promise<void> {
    return this.#work;
  }

  /** Waits a while for what is to be done, and leaves the rest to the next start. */
  async close(waitMs: number): Promise<void> {
    await within(this.#work, waitMs, this.#context.clock);
    this.#stop.abort();
    await this.#work;
  }

  #then(event: string, host: string | null, act: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#stop.signal.aborted) return;
      await act().catch((error: unknown) => {
        if (this.#stop.signal.aborted) return;
        this.#context.log(event, { host, message: String(error) });
      });
    });
  }

  async #keep(host: string): Promise<void> {
    const files = await this.#archive(host);
    if (files === null) return;
    const { hosts } = this.#context;
    // Its session was purged in the meantime: nothing of it is kept.
    if (!(await this.#settle(host, files))) await hosts.removeArchive(host);
    await hosts.remove(host);
  }

  /** Null where it was broken off. */
  async #archive(host: string): Promise<SettledFiles | null> {
    const { signal } = this.#stop;
    const { hosts, store } = this.#context;
    const row = (await store.endedHosts()).find((ended) => ended.host === host);
    if (row?.withheld === true) return 'withheld';
    let message = 'its files are gone';
    try {
      const made = await hosts.archive(host, await this.#marks(host), signal);
      if (made === 'archived') return made;
      const row = (await store.endedHosts()).find((ended) => ended.host === host);
      if (row === undefined || row.ingested === 0) return made;
    } catch (error) {
      if (signal.aborted) return null;
      message = String(error);
    }
    this.#context.log('host.archive', { host, message, lost: true });
    return 'lost';
  }

  async #marks(host: string): Promise<readonly SentMark[]> {
    const marks: SentMark[] = [];
    for (;;) {
      const last = marks.at(-1);
      const offset = last === undefined ? 0 : last.offset + last.size;
      const page = await this.#context.store.inputMarks(host, offset, marksPage);
      // Behind the last one the store answers the last one.
      const more = page.filter((mark) => mark.offset >= offset);
      marks.push(...more);
      if (more.length < marksPage) return marks;
    }
  }

  /** The store may take nothing for a while; the directory is there until it has. */
  async #settle(host: string, files: SettledFiles): Promise<boolean> {
    const { store, clock, log } = this.#context;
    const { signal } = this.#stop;
    for (let tries = 0; ; tries++) {
      try {
        return await store.settleHost(host, files);
      } catch (error) {
        if (signal.aborted) throw error;
        if (tries === 0) log('host.settle', { host, message: String(error) });
      }
      await within(this.#stopped, retryMs, clock);
    }
  }

  /** Said before it is done: a file that is still there is then only one more to remove. */
  async #expire(): Promise<void> {
    const { store, hosts, clock } = this.#context;
    for (const { host } of expired(await hosts.archives(), clock.now())) {
      await store.settleHost(host, 'expired');
      await hosts.removeArchive(host);
    }
  }
}
