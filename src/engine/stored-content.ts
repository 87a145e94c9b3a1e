import type { ContentBlock } from '../domain/content.ts';
import { smallBlocks } from '../domain/externalise.ts';
import type { Clock } from '../ports/clock.ts';
import { blobCollector } from './decode.ts';
import type { HeldBlob } from './withhold.ts';

/** Content as entries keep it; what is large is to be stored as blobs together with its entry. */
export function storedContent(
  content: readonly ContentBlock[],
  clock: Clock,
): { stored: readonly ContentBlock[]; blobs: readonly HeldBlob[] } {
  const blobs: HeldBlob[] = [];
  const put = blobCollector(blobs, (bytes) => clock.sha256(bytes));
  return { stored: smallBlocks(content, put), blobs };
}
