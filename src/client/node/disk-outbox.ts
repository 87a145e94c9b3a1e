import { appendFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { refuse } from '../../domain/refusal.ts';
import type { Line } from '../ingress/line.ts';
import {
  type Fork,
  type KeptLog,
  type Outbox,
  outboxFull,
  type Waiting,
} from '../ingress/outbox.ts';
import { type Counters, OutboxFile, placeOf, readFiles } from './outbox-file.ts';

export interface DiskOutboxOptions {
  /** Its own: made with mode 0700 where it is missing. One process at a time has it. */
  directory: string;
  /** Bytes that may wait, of all sessions, those that were set aside included; default 64 MiB. */
  maxBytes?: number;
  /** Lines that are no records, mostly because a write was cut off: they never counted as accepted. */
  onTorn?: (count: number) => void;
}

const asideFile = 'rejected.jsonl';
const busy = 5;

/**
 * An outbox that outlives its process: an entry counts as accepted when it is on the disk, and its file is
 * removed when all of it is in the log. Refused with `busy` while another process has the directory.
 */
export async function diskOutbox(options: DiskOutboxOptions): Promise<Outbox> {
  const { directory, maxBytes = 64 * 1024 * 1024, onTorn = () => undefined } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const unlock = lock(directory);
  try {
    const found = await readAll(directory);
    if (found.bad > 0) onTorn(found.bad);
    const aside = await sizeOfFile(path.join(directory, asideFile));
    return new DiskOutbox(found, { directory, maxBytes, aside, unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The kernel lets it go when the process ends, however that happens. */
function lock(directory: string): () => void {
  const file = path.join(directory, 'lock.db');
  closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA busy_timeout = 0');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode !== busy) throw error;
    throw refuse('busy', `Another process uses the outbox ${directory}.`);
  }
  return () => {
    if (db.isOpen) db.close();
  };
}

interface Found {
  files: Map<string, OutboxFile>;
  kept: KeptLog[];
  counters: Counters;
  bad: number;
}

async function readAll(directory: string): Promise<Found> {
  const found: Found = { files: new Map(), kept: [], counters: { entry: 1, file: 1 }, bad: 0 };
  for (const files of (await filesBySession(directory, found.counters)).values()) {
    const { kept, bad } = await readFiles(directory, files);
    const { log, last } = kept;
    found.bad += bad;
    found.counters.entry = Math.max(found.counters.entry, last + 1);
    if (log === null) {
      // All of it was stored; the process ended before it could tidy up.
      for (const file of files) await rm(path.join(directory, file));
      continue;
    }
    const file = new OutboxFile(directory, log.session, found.counters);
    file.continue(log, files);
    found.files.set(log.session, file);
    found.kept.push(log);
  }
  return found;
}

async function filesBySession(
  directory: string,
  counters: Counters,
): Promise<Map<string, string[]>> {
  const byName = new Map<string, string[]>();
  // The numbers in the names have a fixed length.
  for (const file of (await readdir(directory)).toSorted()) {
    const place = placeOf(file);
    if (place === null) continue;
    counters.file = Math.max(counters.file, place.number + 1);
    byName.set(place.name, [...(byName.get(place.name) ?? []), file]);
  }
  return byName;
}

async function sizeOfFile(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

class DiskOutbox implements Outbox {
  readonly durable = true;
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #found: Found;
  readonly #unlock: () => void;
  /** Settlements that are being written: nobody waits for them but the end. */
  readonly #under = new Set<Promise<void>>();
  #size: number;

  constructor(
    found: Found,
    more: { directory: string; maxBytes: number; aside: number; unlock: () => void },
  ) {
    this.#directory = more.directory;
    this.#maxBytes = more.maxBytes;
    this.#found = found;
    this.#unlock = more.unlock;
    this.#size = [...found.files.values()].reduce((sum, { size }) => sum + size, more.aside);
  }

  get size(): number {
    return this.#size;
  }

  kept(): Promise<readonly KeptLog[]> {
    return Promise.resolve(this.#found.kept);
  }

  async accept(session: string, lines: readonly Line[]): Promise<readonly Waiting[]> {
    const more = lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    if (this.#size + more > this.#maxBytes) throw outboxFull(this.#maxBytes);
    this.#size += more;
    const file = this.#file(session);
    const waiting = lines.map((line) => ({ ...line, number: file.number(line.text) }));
    const records = waiting.map(({ number, text, file: of }) => {
      const named = of === '' ? {} : { file: of };
      return { record: 'line' as const, number, text, ...named };
    });
    try {
      await file.write(records, true);
    } catch (error) {
      const numbers = new Set(waiting.map(({ number }) => number));
      this.#size -= file.leave((number) => numbers.has(number));
      const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
      throw refuse('unavailable', `The outbox cannot write (${why}): the entry was not accepted.`);
    }
    return waiting;
  }

  settle(session: string, number: number, head: string | null): void {
    this.#leave(session, (known) => known <= number, { record: 'stored', number, head });
  }

  async trying(session: string, number: number, head: string | null): Promise<void> {
    await this.#file(session).write([{ record: 'trying', number, head }], true);
  }

  async forked(session: string, fork: Fork): Promise<void> {
    await this.#file(session).write([{ record: 'fork', fork }], true);
  }

  async setAside(session: string, { number, text }: Waiting, status: number): Promise<void> {
    const record = `${JSON.stringify({ session, status, text })}\n`;
    await appendFile(path.join(this.#directory, asideFile), record, { mode: 0o600, flush: true });
    this.#size += Buffer.byteLength(record);
    this.#leave(session, (known) => known === number, { record: 'aside', number });
  }

  async discard(session: string): Promise<void> {
    const file = this.#found.files.get(session);
    if (file === undefined) return;
    const number = this.#found.counters.entry - 1;
    this.#leave(session, () => true, { record: 'discarded', number });
    await Promise.all(this.#under);
  }

  async close(): Promise<void> {
    await Promise.all(this.#under);
    await Promise.all([...this.#found.files.values()].map((file) => file.settled()));
    this.#unlock();
  }

  #file(session: string): OutboxFile {
    const there = this.#found.files.get(session);
    if (there !== undefined) return there;
    const file = new OutboxFile(this.#directory, session, this.#found.counters);
    this.#found.files.set(session, file);
    return file;
  }

  #leave(
    session: string,
    which: (number: number) => boolean,
    record: Parameters<OutboxFile['write']>[0][number],
  ): void {
    const file = this.#found.files.get(session);
    if (file === undefined) return;
    this.#size -= file.leave(which);
    const written = this.#tell(file, record);
    this.#under.add(written);
    void written.finally(() => this.#under.delete(written));
  }

  /** Where this cannot be written, an entry is sent once more, and the log knows it. */
  async #tell(file: OutboxFile, record: Parameters<OutboxFile['write']>[0][number]): Promise<void> {
    await file.write([record], false).catch(() => undefined);
    await file.settled();
    if (!file.empty || this.#found.files.get(file.session) !== file) return;
    // From here to its removal it is nobody's: a new entry begins a new file.
    this.#found.files.delete(file.session);
    await file.remove().catch(() => undefined);
  }
}
