import { promisify } from 'node:util';
import { crc32, zstdCompress, zstdDecompress } from 'node:zlib';
import { idPattern } from '../../domain/entry.ts';
import { ArchiveDamaged } from '../../ports/raw.ts';

/**
 * An archive holds a host's two files and the marks of its input, each cut into blocks that are compressed by
 * themselves, so that a page in the middle costs one or two blocks.
 *
 *   magic │ blocks of out │ blocks of in │ blocks of marks │ index │ footer
 *
 * The footer (24 bytes) is: length of the index, check sum of the stored index, both 32 bits, little endian;
 * offset of the index, 64 bits; magic. Where a block lies follows from the lengths before it.
 */
export const magic = Buffer.from('TKRAW01\n');
export const footerBytes = 24;
/** Bytes of a file in each of its blocks but the last. */
export const blockBytes = 1024 * 1024;
/** Marks in each of their blocks but the last. */
export const marksPerBlock = 4096;
/** A block of marks is text of fixed members; this is far more than they can be. */
export const marksBytes = 16 * 1024 * 1024;
/** The index of the largest spool is well below. */
const indexBytes = 16 * 1024 * 1024;

/** Length before and after compression, and the check sum of what was compressed. */
export type Block = readonly [length: number, stored: number, sum: number];

export interface Index {
  host: string;
  out: readonly Block[];
  in: readonly Block[];
  marks: readonly Block[];
  /** Offset of the first mark of each of their blocks. */
  firstMarks: readonly number[];
}

const compressInPool = promisify(zstdCompress);
const decompressInPool = promisify(zstdDecompress);

/** In the thread pool, as is the other way. */
export function compress(bytes: Uint8Array): Promise<Buffer> {
  return compressInPool(bytes);
}

export async function decompress(stored: Uint8Array, block: Block, most: number): Promise<Buffer> {
  const bytes = await decompressInPool(stored, { maxOutputLength: most }).catch(
    (error: unknown) => {
      throw new ArchiveDamaged(`a block cannot be read: ${String(error)}`);
    },
  );
  if (bytes.length !== block[0] || crc32(bytes) !== block[2]) {
    throw new ArchiveDamaged('a block has another check sum');
  }
  return bytes;
}

export async function packIndex(index: Index, offset: number): Promise<Buffer> {
  const stored = await compress(Buffer.from(JSON.stringify(index)));
  const footer = Buffer.alloc(footerBytes);
  footer.writeUInt32LE(stored.length, 0);
  footer.writeUInt32LE(crc32(stored), 4);
  footer.writeBigUInt64LE(BigInt(offset), 8);
  magic.copy(footer, 16);
  return Buffer.concat([stored, footer]);
}

/** Where the index lies, from the last bytes of a file of that size. */
export function readFooter(
  footer: Buffer,
  size: number,
): { offset: number; length: number; sum: number } {
  const length = footer.length === footerBytes ? footer.readUInt32LE(0) : 0;
  const offset = footer.length === footerBytes ? Number(footer.readBigUInt64LE(8)) : 0;
  const whole = magic.equals(footer.subarray(16)) && offset + length + footerBytes === size;
  if (!whole || length > indexBytes) throw new ArchiveDamaged('the archive is not whole');
  return { offset, length, sum: footer.readUInt32LE(4) };
}

export async function unpackIndex(stored: Buffer, sum: number): Promise<Index> {
  if (crc32(stored) !== sum) throw new ArchiveDamaged('the index has another check sum');
  const text = await decompressInPool(stored, { maxOutputLength: indexBytes }).catch(
    (error: unknown) => {
      throw new ArchiveDamaged(`the index cannot be read: ${String(error)}`);
    },
  );
  return JSON.parse(text.toString()) as Index;
}

const suffix = '.tkraw';
const draftSuffix = '.draft';

/** Ids come from a database, but files are removed by them: they are checked where they become paths. */
export function archiveName(host: string): string {
  if (!idPattern.test(host)) throw new RangeError(`not a host id: ${JSON.stringify(host)}`);
  return `${host}${suffix}`;
}

export function draftName(host: string): string {
  return `${archiveName(host)}${draftSuffix}`;
}

export function isDraft(name: string): boolean {
  return name.endsWith(suffix + draftSuffix);
}

/** The host whose archive has this name, or nothing for another file. */
export function hostOfArchive(name: string): string | undefined {
  const host = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
  return idPattern.test(host) ? host : undefined;
}
