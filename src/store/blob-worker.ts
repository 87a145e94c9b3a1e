import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { hasCode, messageOf } from './failure.ts';
import { sha256 } from './seal.ts';

/** Reads a blob's file. `bytes` are given back only where they are wanted. */
export interface BlobQuestion {
  path: string;
  wanted: boolean;
}

/** What the file holds, or nothing where there is none. */
export type BlobAnswer =
  | { found: { digest: string; bytes: Uint8Array | undefined } | undefined }
  | { failed: string };

/** Bytes of a file that only its digest is wanted of are gone through in pieces of this size. */
const piece = Buffer.allocUnsafeSlow(256 * 1024);

function digestOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const hash = createHash('sha256');
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
      hash.update(piece.subarray(0, read));
    }
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}

function look({ path, wanted }: BlobQuestion): BlobAnswer {
  try {
    if (!wanted) return { found: { digest: digestOf(path), bytes: undefined } };
    const bytes = readFileSync(path);
    return { found: { digest: sha256(bytes), bytes } };
  } catch (error) {
    return hasCode(error, 'ENOENT') ? { found: undefined } : { failed: messageOf(error) };
  }
}

/** One question, one answer, in order. Bytes are handed over: a copy would be made on the main thread. */
parentPort?.on('message', (question: BlobQuestion) => {
  const answer = look(question);
  const bytes = 'found' in answer ? answer.found?.bytes : undefined;
  parentPort?.postMessage(answer, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer]);
});
