import { watch, type FSWatcher } from 'node:fs';

/** How often to look although nothing was heard: a watch may be refused, and says nothing on some disks. */
const pollMs = 500;
/** And where there is no watch at all: Linux gives each user 128 by default, counted by processes. */
const blindPollMs = 100;
/** From one thorough poll to the next. */
const thoroughMs = 2000;

export interface WatchListener {
  /** Names that changed since the last call. Many changes in one turn of the loop are one call. */
  changed(names: ReadonlySet<string>): void;
  /**
   * It is time to look. `thorough`: also at what a cheap look may miss. `blind`: changes are not told, only
   * looking finds them.
   */
  poll(how: { thorough: boolean; blind: boolean }): void;
}

/** Tells what changes in a host directory. Its timers do not keep the daemon alive. */
export class DirectoryWatch {
  readonly #listeners = new Set<WatchListener>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout;
  #names = new Set<string>();
  #closed = false;

  constructor(directory: string, warn: (what: string, error: unknown) => void) {
    const failed = (error: unknown): void => {
      warn(`cannot watch ${directory}, looking every ${blindPollMs} ms instead`, error);
      this.#watcher?.close();
      this.#watcher = undefined;
      if (!this.#closed) this.#timer = this.#poll(blindPollMs);
    };
    this.#timer = this.#poll(pollMs);
    try {
      this.#watcher = watch(directory, { persistent: false }, (_event, name) => {
        this.#heard(name ?? '');
      });
      this.#watcher.on('error', failed);
    } catch (error) {
      failed(error);
    }
  }

  listen(listener: WatchListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  #poll(interval: number): NodeJS.Timeout {
    clearInterval(this.#timer);
    let since = 0;
    return setInterval(() => {
      since += interval;
      const how = { thorough: since >= thoroughMs, blind: this.#watcher === undefined };
      if (how.thorough) since = 0;
      for (const listener of this.#listeners) listener.poll(how);
    }, interval).unref();
  }

  /** Told at the end of this turn of the loop: one read of inotify can bring thousands of changes. */
  #heard(name: string): void {
    const first = this.#names.size === 0;
    this.#names.add(name);
    if (!first) return;
    setImmediate(() => {
      const names = this.#names;
      this.#names = new Set();
      for (const listener of this.#listeners) listener.changed(names);
    });
  }
}
