import { createHash } from 'node:crypto';
import { copyFile, open, readFile, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import type { KeptLog } from '../ingress/outbox.ts';
import { KeptRecords, type OutboxRecord } from './kept-log.ts';

/** A file is closed at this size, and removed when all of it is stored. */
const fileBytes = 1024 * 1024;
const fileName = /^([0-9a-f]{40})-(\d{8})\.jsonl$/;

/** The files of one session: only a digest of its id becomes a name. */
function nameOf(session: string): string {
  return createHash('sha256').update(session).digest('hex').slice(0, 40);
}

/** To which session a file belongs, and which of its files it is; null for other files. */
export function placeOf(file: string): { name: string; number: number } | null {
  const [, name, number] = fileName.exec(file) ?? [];
  return name === undefined ? null : { name, number: Number(number) };
}

interface Part {
  file: string;
  /** The last entry in it. */
  last: number;
  size: number;
}

interface Letter {
  records: readonly OutboxRecord[];
  durable: boolean;
  done: () => void;
  failed: (error: unknown) => void;
}

/** Of all entries and files of an outbox, so that what a crash left is never taken for something new. */
export interface Counters {
  entry: number;
  file: number;
}

/**
 * The append-only files of one session. Records that wait are written together and then flushed once; a
 * file that could not be written is not written again.
 */
export class OutboxFile {
  readonly session: string;
  readonly #directory: string;
  readonly #counters: Counters;
  readonly #parts: Part[] = [];
  /** Entries that wait, with their sizes. */
  readonly #waiting = new Map<number, number>();
  /** What each file says at its beginning, so that older ones can go: by the kind of record, the last one. */
  readonly #standing = new Map<OutboxRecord['record'], OutboxRecord>();
  #letters: Letter[] = [];
  #writing: Promise<void> | null = null;

  constructor(directory: string, session: string, counters: Counters) {
    this.#directory = directory;
    this.session = session;
    this.#counters = counters;
    this.#standing.set('log', { record: 'log', session });
  }

  /** Goes on with what earlier processes left. */
  continue({ lines, head, tried, fork }: KeptLog, files: readonly string[]): void {
    const last = lines.at(-1)!.number;
    for (const { number, text } of lines) this.#waiting.set(number, Buffer.byteLength(text));
    this.#parts.push(...files.map((file) => ({ file, last, size: fileBytes })));
    if (tried !== null) this.#standing.set('trying', { record: 'trying', ...tried });
    if (fork !== null) this.#standing.set('fork', { record: 'fork', fork });
    if (head === null) return;
    this.#standing.set('stored', { record: 'stored', number: lines[0]!.number - 1, head });
  }

  /** Bytes that wait in it. */
  get size(): number {
    return [...this.#waiting.values()].reduce((sum, size) => sum + size, 0);
  }

  get empty(): boolean {
    return this.#waiting.size === 0 && this.#letters.length === 0 && this.#writing === null;
  }

  /** The numbers are given at once, so that the order is that of the calls. */
  number(text: string): number {
    const number = this.#counters.entry;
    this.#counters.entry += 1;
    this.#waiting.set(number, Buffer.byteLength(text));
    return number;
  }

  /** Those do not wait any more; how many bytes that makes. */
  leave(numbers: (number: number) => boolean): number {
    let freed = 0;
    for (const [number, size] of this.#waiting) {
      if (!numbers(number)) continue;
      freed += size;
      this.#waiting.delete(number);
    }
    return freed;
  }

  /** Resolves when it is written and, where that is wanted, on the disk. */
  write(records: readonly OutboxRecord[], durable: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#letters.push({ records, durable, done: resolve, failed: reject });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Nothing waits any more: nothing is left of it. */
  async remove(): Promise<void> {
    for (const { file } of this.#parts.splice(0)) {
      await rm(path.join(this.#directory, file), { force: true });
    }
  }

  async #writeAll(): Promise<void> {
    // What is written in this turn goes together.
    await Promise.resolve();
    while (this.#letters.length > 0) {
      const letters = this.#letters.splice(0);
      try {
        await this.#writeTogether(letters);
        for (const { done } of letters) done();
      } catch (error) {
        for (const { failed } of letters) failed(error);
      }
    }
    this.#writing = null;
  }

  async #writeTogether(letters: readonly Letter[]): Promise<void> {
    const records = letters.flatMap((letter) => letter.records);
    const durable = letters.some((letter) => letter.durable);
    // Only what is settled: a file that goes away does not need to be told.
    if (!durable && this.#waiting.size === 0) return;
    const part = this.#current();
    const before = part.size;
    const all = before === 0 ? [...this.#standing.values(), ...records] : records;
    const text = all.map((record) => `${JSON.stringify(record)}\n`).join('');
    try {
      await append(path.join(this.#directory, part.file), text, durable);
      if (before === 0 && durable) await flushDirectory(this.#directory);
    } catch (error) {
      // Whether a part of it is there nobody knows: the rest goes to another file.
      part.size = fileBytes;
      await truncate(path.join(this.#directory, part.file), before).catch(() => undefined);
      throw error;
    }
    part.size += Buffer.byteLength(text);
    for (const record of records) {
      if (record.record === 'line') part.last = record.number;
      else this.#standing.set(record.record, record);
    }
    await this.#removeOld();
  }

  #current(): Part {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.size < fileBytes) return last;
    const number = String(this.#counters.file).padStart(8, '0');
    const part = { file: `${nameOf(this.session)}-${number}.jsonl`, last: 0, size: 0 };
    this.#counters.file += 1;
    this.#parts.push(part);
    return part;
  }

  /** The files before the first entry that waits; the newest one stays. */
  async #removeOld(): Promise<void> {
    const [first = Number.POSITIVE_INFINITY] = this.#waiting.keys();
    while (this.#parts.length > 1 && this.#parts[0]!.last < first) {
      await rm(path.join(this.#directory, this.#parts.shift()!.file), { force: true });
    }
  }
}

async function append(file: string, text: string, durable: boolean): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.appendFile(text);
    if (durable) await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** The records of one session's files; `bad` lines are none. A file with several of them is kept as it is. */
export async function readFiles(
  directory: string,
  files: readonly string[],
): Promise<{ kept: KeptRecords; bad: number }> {
  const kept = new KeptRecords();
  let bad = 0;
  for (const file of files) {
    const whole = path.join(directory, file);
    const lines = (await readFile(whole, 'utf8')).split('\n');
    const unread = lines.filter((line) => line !== '' && !kept.take(line)).length;
    bad += unread;
    // One is the end of a write that was cut off; more is for a person to look at.
    if (unread > 1) await copyFile(whole, `${whole}.damaged`);
  }
  return { kept, bad };
}

/** A new name is only there for good when its directory is on the disk. */
async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
