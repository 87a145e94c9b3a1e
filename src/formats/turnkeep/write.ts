import type { BlobRef } from '../../domain/content.ts';
import type { Entry } from '../../domain/entry.ts';
import { RefusalError } from '../../domain/refusal.ts';
import { blobsIn } from '../blob-refs.ts';
import type { ExportedSession, FormatPorts, RunningHash } from '../format.ts';
import { logPages } from '../log-pages.ts';
import {
  blobPart,
  type BlobLine,
  type EndLine,
  formatVersion,
  type HeaderLine,
  type MissingLine,
} from './format.ts';

/** Blobs that are remembered as written; one that was forgotten is written again, which harms nothing. */
const remembered = 100_000;

/** The log of a session in our own format, as pieces of text; each piece is whole lines. */
export async function* writeTurnkeep(
  session: ExportedSession,
  ports: FormatPorts,
): AsyncGenerator<string> {
  const file = new File(ports);
  yield file.line(JSON.stringify(headerOf(session)));
  for await (const page of logPages(ports.store, session)) {
    let piece = '';
    for (const { json } of page) {
      for (const blob of file.newBlobs(json)) {
        if (piece !== '') yield piece;
        piece = '';
        yield* file.blob(blob);
      }
      piece += file.entry(json);
    }
    yield piece;
  }
  yield file.end();
}

function headerOf(session: ExportedSession): HeaderLine {
  const { id, key, agent, cwd, title, createdAt, forkedFrom } = session;
  const base = forkedFrom === null ? {} : { forkedFrom };
  const told = { id, key, agent, cwd, title, createdAt, ...base };
  return { type: 'header', format: 'turnkeep', version: formatVersion, session: told };
}

class File {
  readonly #ports: FormatPorts;
  readonly #hash: RunningHash;
  readonly #written = new Set<string>();
  #entries = 0;

  constructor(ports: FormatPorts) {
    this.#ports = ports;
    this.#hash = ports.newHash();
  }

  line(json: string): string {
    const line = `${json}\n`;
    this.#hash.update(line);
    return line;
  }

  /** An entry as the store keeps it, neither parsed nor written again. */
  entry(json: string): string {
    this.#entries += 1;
    return this.line(`{"type":"entry","entry":${json}}`);
  }

  newBlobs(json: string): BlobRef[] {
    // Every entry has a digest of its own, at its end: it names blobs only where there is another one.
    if (json.indexOf('"digest":"') === json.lastIndexOf('"digest":"')) return [];
    const { data } = JSON.parse(json) as Entry;
    return [...blobsIn(data)].filter(({ digest }) => this.#isNew(digest));
  }

  #isNew(digest: string): boolean {
    if (this.#written.has(digest)) return false;
    if (this.#written.size >= remembered) this.#written.clear();
    this.#written.add(digest);
    return true;
  }

  async *blob({ digest, size }: BlobRef): AsyncGenerator<string> {
    const bytes = await this.#read(digest);
    if (bytes === undefined) {
      const line: MissingLine = { type: 'missing', digest, size };
      yield this.line(JSON.stringify(line));
      return;
    }
    let offset = 0;
    do {
      const part = bytes.subarray(offset, offset + blobPart);
      const base64 = Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('base64');
      const line: BlobLine = { type: 'blob', digest, size: bytes.byteLength, offset, base64 };
      yield this.line(JSON.stringify(line));
      offset += blobPart;
    } while (offset < bytes.byteLength);
  }

  /** One that is damaged is no reason to keep the rest back. */
  async #read(digest: string): Promise<Uint8Array | undefined> {
    return this.#ports.store.getBlob(digest).catch((error: unknown) => {
      if (error instanceof RefusalError) return undefined;
      throw error;
    });
  }

  end(): string {
    const line: EndLine = { type: 'end', entries: this.#entries, digest: this.#hash.digest() };
    return `${JSON.stringify(line)}\n`;
  }
}
