import { readFileSync } from 'node:fs';
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

function look({ path, wanted }: BlobQuestion): BlobAnswer {
  try {
    const bytes = readFileSync(path);
    return { found: { digest: sha256(bytes), bytes: wanted ? bytes : undefined } };
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
