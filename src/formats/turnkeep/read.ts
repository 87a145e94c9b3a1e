import { digestText, type Entry, idPattern } from '../../domain/entry.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { refuse, RefusalError } from '../../domain/refusal.ts';
import { blobsIn } from '../blob-refs.ts';
import { entryIn } from '../entry-schema.ts';
import type { FormatPorts, LogReader, ReadEntries, ReadHeader } from '../format.ts';
import { nothingRead } from '../format.ts';
import type { Line } from '../lines.ts';
import { formatVersion } from './format.ts';

interface OpenBlob {
  digest: string;
  size: number;
  parts: Uint8Array[];
  got: number;
}

/** Reads our own format. An entry is given out only when its digest and all its blobs are as they say. */
export class TurnkeepReader implements LogReader {
  readonly header: ReadHeader;
  readonly #ports: FormatPorts;
  readonly #hash;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #entries = 0;
  #line = 1;
  #blob: OpenBlob | null = null;
  /** Blobs that are stored and that the next entry has to name. */
  readonly #unnamed = new Set<string>();
  #ended = false;
  /** The refusal of a bad line behind good ones. */
  #failed: RefusalError | null = null;

  constructor(first: Line, ports: FormatPorts) {
    this.#ports = ports;
    this.#hash = ports.newHash();
    this.#line = first.number;
    const { value } = this.#parse(first);
    this.header = this.#headerOf(value);
  }

  async read(lines: readonly Line[]): Promise<ReadEntries> {
    const entries: Entry[] = [];
    const places: number[] = [];
    try {
      for (const line of lines) {
        this.#line = line.number;
        const entry = await this.#take(line);
        if (entry === null) continue;
        entries.push(entry);
        places.push(line.number);
      }
    } catch (error) {
      // What is good before the bad line is kept: the refusal comes with the next call.
      if (entries.length === 0 || !(error instanceof RefusalError)) throw error;
      this.#failed = error;
    }
    return { entries, lines: places };
  }

  end(): Promise<ReadEntries> {
    if (this.#failed !== null) return Promise.reject(this.#failed);
    if (this.#ended) return Promise.resolve(nothingRead);
    const message = `The file is torn: it has no end after line ${this.#line}.`;
    return Promise.reject(this.#bad(message));
  }

  async #take(line: Line): Promise<Entry | null> {
    if (this.#failed !== null) throw this.#failed;
    if (this.#ended) throw this.#bad('There is something after the end.');
    const { text, value } = this.#parse(line, false);
    if (value['type'] === 'end') return this.#end(value);
    this.#hash.update(`${text}\n`);
    if (this.#blob !== null && value['type'] !== 'blob') throw this.#bad('A blob is not whole.');
    switch (value['type']) {
      case 'entry':
        return this.#entry(value['entry']);
      case 'blob':
        await this.#blobPart(value);
        return null;
      case 'missing':
        return null;
      default:
        throw this.#bad('There is no such type of line.');
    }
  }

  #headerOf(value: { readonly [name: string]: Json }): ReadHeader {
    const { version, session } = value;
    if (value['type'] !== 'header' || value['format'] !== 'turnkeep') {
      throw this.#bad('The first line is no header of this format.');
    }
    if (typeof version !== 'number' || version > formatVersion) {
      const told = JSON.stringify(version ?? null).slice(0, 20);
      const message = `The format has the version ${told}, and this daemon reads up to ${formatVersion}.`;
      throw refuse('unsupported', message, { data: { line: this.#line } });
    }
    if (!isObject(session)) throw this.#bad('The header names no session.');
    const { id, agent } = session;
    if (typeof id !== 'string' || !idPattern.test(id) || typeof agent !== 'string') {
      throw this.#bad('The header names no session with an id and an agent.');
    }
    return { session: id, agent };
  }

  #entry(value: unknown): Entry {
    const entry = entryIn(value);
    if (typeof entry === 'string') throw this.#bad(`This is no entry: ${entry}.`);
    if (this.#ports.sha256(digestText(entry)) !== entry.digest) {
      throw this.#bad(`Entry ${entry.seq} does not say what its digest says.`);
    }
    if (this.#unnamed.size > 0) {
      for (const { digest } of blobsIn(entry.data)) this.#unnamed.delete(digest);
      if (this.#unnamed.size > 0) throw this.#bad('The entry does not name the blob before it.');
    }
    this.#entries += 1;
    return entry;
  }

  async #blobPart(value: { readonly [name: string]: Json }): Promise<void> {
    const { digest, size, offset, base64 } = value;
    const { lineBytes } = limits;
    if (typeof digest !== 'string' || typeof size !== 'number' || typeof base64 !== 'string') {
      throw this.#bad('A blob has a digest, a size, an offset and its bytes in base64.');
    }
    if (size > lineBytes) throw this.#bad(`A blob has at most ${lineBytes} bytes.`);
    const blob = this.#blob ?? { digest, size, parts: [], got: 0 };
    if (blob.digest !== digest || blob.size !== size || blob.got !== offset) {
      throw this.#bad('This part does not continue the blob before it.');
    }
    const part = Buffer.from(base64, 'base64');
    blob.parts.push(part);
    blob.got += part.byteLength;
    this.#blob = blob;
    if (blob.got > size || (part.byteLength === 0 && size > 0)) {
      throw this.#bad('The blob is not as large as it says.');
    }
    if (blob.got === size) await this.#keepBlob(blob);
  }

  /** The store computes the digest, off this thread where it takes long. */
  async #keepBlob({ digest, parts }: OpenBlob): Promise<void> {
    this.#blob = null;
    const kept = await this.#ports.store.putBlob(Buffer.concat(parts));
    if (kept.digest !== digest) throw this.#bad('The blob does not have the digest that it says.');
    this.#unnamed.add(digest);
    if (this.#unnamed.size <= limits.importBlobs) return;
    throw this.#bad(`An entry has at most ${limits.importBlobs} blobs before it.`);
  }

  #end(value: { readonly [name: string]: Json }): null {
    if (this.#blob !== null || this.#unnamed.size > 0) throw this.#bad('A blob is not whole.');
    const whole = value['entries'] === this.#entries && value['digest'] === this.#hash.digest();
    if (!whole) throw this.#bad('The file is not as its end says: a line is missing or changed.');
    this.#ended = true;
    return null;
  }

  #parse(line: Line, hash = true): { text: string; value: { readonly [name: string]: Json } } {
    try {
      const text = this.#decoder.decode(line.bytes);
      if (hash) this.#hash.update(`${text}\n`);
      const value = JSON.parse(text) as Json;
      if (isObject(value)) return { text, value };
    } catch (error) {
      if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    }
    throw this.#bad('This is no object of JSON.');
  }

  #bad(message: string): RefusalError {
    return refuse('invalid', `Line ${this.#line}: ${message}`, { data: { line: this.#line } });
  }
}
