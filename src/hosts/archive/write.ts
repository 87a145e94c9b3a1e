import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { RawReader, SentMark } from '../../ports/raw.ts';
import { type Block, blockBytes, compress, magic, marksPerBlock, packIndex } from './format.ts';

/** What goes into an archive: the sizes are those when it was begun. */
export interface Content {
  readonly host: string;
  readonly files: RawReader;
  readonly outSize: number;
  readonly inSize: number;
  readonly marks: readonly SentMark[];
}

/** Writes an archive to a new file and has it on the disk when it resolves. Block by block: a spool is large. */
export async function writeArchive(
  path: string,
  content: Content,
  signal: AbortSignal,
): Promise<void> {
  const { host, files, outSize, inSize, marks } = content;
  const handle = await open(path, 'w', 0o600);
  try {
    const file = new BlockFile(handle, signal);
    await file.write(magic);
    const fileBlocks = async (direction: 'in' | 'out', size: number): Promise<Block[]> => {
      const blocks: Block[] = [];
      for (let at = 0; at < size; at += blockBytes) {
        const length = Math.min(blockBytes, size - at);
        blocks.push(await file.block(await exactly(files, direction, at, length)));
      }
      return blocks;
    };
    const out = await fileBlocks('out', outSize);
    const sent = await fileBlocks('in', inSize);
    const markBlocks: Block[] = [];
    const firstMarks: number[] = [];
    for (let at = 0; at < marks.length; at += marksPerBlock) {
      const some = marks.slice(at, at + marksPerBlock);
      firstMarks.push(some[0]!.offset);
      markBlocks.push(await file.block(Buffer.from(JSON.stringify(some))));
    }
    const index = { host, out, in: sent, marks: markBlocks, firstMarks };
    await file.write(await packIndex(index, file.size));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class BlockFile {
  size = 0;
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal;

  constructor(handle: FileHandle, signal: AbortSignal) {
    this.#handle = handle;
    this.#signal = signal;
  }

  async block(bytes: Uint8Array): Promise<Block> {
    this.#signal.throwIfAborted();
    const stored = await compress(bytes);
    await this.write(stored);
    return [bytes.length, stored.length, crc32(bytes)];
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const part = bytes.subarray(written);
      written += (await this.#handle.write(part, 0, part.length, this.size + written)).bytesWritten;
    }
    this.size += bytes.length;
  }
}

/** A file that has become shorter since is not archived as if it had always been so. */
async function exactly(
  files: RawReader,
  direction: 'in' | 'out',
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const part = await files.read(direction, offset + filled, length - filled);
    if (part.length === 0) throw new Error(`the file is shorter than ${offset + length} bytes`);
    bytes.set(part, filled);
    filled += part.length;
  }
  return bytes;
}
