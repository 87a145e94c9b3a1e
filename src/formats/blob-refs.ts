import type { BlobRef } from '../domain/content.ts';

const digestPattern = /^[0-9a-f]{64}$/;

/** The blobs (`{digest, size}`) that a JSON value names, however deep. */
export function* blobsIn(value: unknown): Generator<BlobRef> {
  const waiting = [value];
  while (waiting.length > 0) {
    const one = waiting.pop();
    if (typeof one !== 'object' || one === null) continue;
    const { digest, size } = one as { digest?: unknown; size?: unknown };
    if (typeof digest === 'string' && digestPattern.test(digest) && isSize(size)) {
      yield { digest, size };
    }
    for (const part of Object.values(one)) waiting.push(part);
  }
}

function isSize(size: unknown): size is number {
  return Number.isInteger(size) && (size as number) >= 0;
}
