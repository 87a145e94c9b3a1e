import { watch, type FSWatcher } from 'node:fs';

/** How often to look although nothing was heard: a watch may be refused, and says nothing on some disks. */
const pollMs = 500;
/** And where there is no watch at all. */
const unwatchedPollMs = 25;

export interface WatchListener {
  /** Names that changed since the last call. Many changes in one turn of the loop are one call. */
  changed(names: ReadonlySet<string>): void;
  /** It is time to look. */
  poll(): void;
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
      warn(`cannot watch ${directory}, looking every ${unwatchedPollMs} ms instead`, error);
      this.#watcher?.close();
      this.#watcher = undefined;
      if (!this.#closed) this.#timer = this.#poll(unwatchedPollMs);
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
    return setInterval(() => {
      for (const listener of this.#listeners) listener.poll();
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
