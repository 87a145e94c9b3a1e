import { type FileHandle, open } from 'node:fs/promises';
import {
  ArchiveDamaged,
  type ArchiveReader,
  type Direction,
  type SentMark,
} from '../../ports/raw.ts';
import { absent, unless } from '../directory/system-error.ts';
import {
  type Block,
  blockBytes,
  decompress,
  footerBytes,
  type Index,
  magic,
  marksBytes,
  marksPerBlock,
  readFooter,
  unpackIndex,
} from './format.ts';

type Stream = 'out' | 'in' | 'marks';
const streams: readonly Stream[] = ['out', 'in', 'marks'];

/** One open archive. It keeps its index and the block that was read last. */
export class Archive implements ArchiveReader {
  readonly #handle: FileHandle;
  readonly #index: Index;
  /** Of each stream, where in the file its blocks begin. */
  readonly #starts: Record<Stream, readonly number[]>;
  #last: { stream: Stream; number: number; bytes: Promise<Buffer> } | undefined;

  private constructor(handle: FileHandle, index: Index) {
    this.#handle = handle;
    this.#index = index;
    let at = magic.length;
    const starts = (blocks: readonly Block[]): number[] =>
      blocks.map(([, stored]) => (at += stored) - stored);
    this.#starts = { out: starts(index.out), in: starts(index.in), marks: starts(index.marks) };
  }

  /** Undefined where there is none; rejects with `ArchiveDamaged` where it is not whole. */
  static async open(path: string, host: string): Promise<Archive | undefined> {
    const handle = await unless(absent, open(path, 'r'));
    if (handle === undefined) return undefined;
    try {
      const { size } = await handle.stat();
      const footer = await bytesAt(handle, Math.max(0, size - footerBytes), footerBytes);
      const { offset, length, sum } = readFooter(footer, size);
      const index = await unpackIndex(await bytesAt(handle, offset, length), sum);
      if (index.host !== host) throw new ArchiveDamaged(`it is the archive of ${index.host}`);
      return new Archive(handle, index);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async size(direction: Direction): Promise<number> {
    return this.#index[direction].reduce((sum, [length]) => sum + length, 0);
  }

  async read(direction: Direction, offset: number, maxBytes: number): Promise<Uint8Array> {
    const number = Math.floor(offset / blockBytes);
    if (this.#index[direction][number] === undefined) return new Uint8Array(0);
    const within = offset - number * blockBytes;
    const block = await this.#block(direction, number);
    // A copy: lines refer to it, and the block is as large as four chunks.
    return Uint8Array.from(block.subarray(within, within + maxBytes));
  }

  async marks(offset: number, limit: number): Promise<readonly SentMark[]> {
    const { firstMarks } = this.#index;
    const last = firstMarks.findLastIndex((first) => first <= offset);
    const marks: SentMark[] = [];
    for (let number = Math.max(0, last); number < firstMarks.length; number++) {
      const found = JSON.parse((await this.#block('marks', number)).toString()) as SentMark[];
      const from = Math.max(
        0,
        found.findLastIndex((mark) => mark.offset <= offset),
      );
      marks.push(...found.slice(from, from + limit - marks.length));
      if (marks.length >= limit || found.length < marksPerBlock) break;
    }
    return marks;
  }

  /** Reads all of it; rejects with `ArchiveDamaged` where something is not as it was put in. */
  async verify(signal: AbortSignal): Promise<void> {
    for (const stream of streams) {
      for (const number of this.#index[stream].keys()) {
        signal.throwIfAborted();
        await this.#block(stream, number);
      }
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #block(stream: Stream, number: number): Promise<Buffer> {
    if (this.#last?.stream === stream && this.#last.number === number) return this.#last.bytes;
    const bytes = this.#load(stream, number);
    this.#last = { stream, number, bytes };
    return bytes;
  }

  async #load(stream: Stream, number: number): Promise<Buffer> {
    const block = this.#index[stream][number]!;
    const stored = await bytesAt(this.#handle, this.#starts[stream][number]!, block[1]);
    return decompress(stored, block, stream === 'marks' ? marksBytes : blockBytes);
  }
}

async function bytesAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) throw new ArchiveDamaged('the archive is too short');
    filled += bytesRead;
  }
  return bytes;
}
