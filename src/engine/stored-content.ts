import type { ContentBlock } from '../domain/content.ts';
import { smallBlocks } from '../domain/externalise.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { blobCollector } from './decode.ts';

/** Content as entries keep it; what is large is stored as blobs first. */
export async function storedContent(
  content: readonly ContentBlock[],
  ports: { clock: Clock; store: Store },
): Promise<readonly ContentBlock[]> {
  const blobs: Parameters<typeof blobCollector>[0] = [];
  const put = blobCollector(blobs, (bytes) => ports.clock.sha256(bytes));
  const small = smallBlocks(content, put);
  for (const blob of blobs) await ports.store.putBlob(blob.bytes, blob.ref.digest);
  return small;
}
