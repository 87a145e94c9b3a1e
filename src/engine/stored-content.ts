import { toBase64 } from '../domain/base64.ts';
import type { ContentBlock } from '../domain/content.ts';
import { preview, smallBlocks } from '../domain/externalise.ts';
import { refuse } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import { blobCollector } from './decode.ts';
import type { PromptContent } from './prompt-contents.ts';
import type { HeldBlob } from './withhold.ts';

/** A prompt's content as its entry keeps it, and whole; blobs that it names itself are filled in. */
export async function promptContent(
  given: readonly ContentBlock[],
  ports: { clock: Clock; store: Store },
): Promise<PromptContent & { blobs: readonly HeldBlob[] }> {
  const filled: PromptContent[] = [];
  for (const [at, block] of given.entries()) filled.push(await filledBlock(block, at, ports.store));
  const small = storedContent(
    filled.flatMap((one) => one.stored),
    ports.clock,
  );
  return { ...small, whole: filled.flatMap((one) => one.whole) };
}

async function filledBlock(block: ContentBlock, at: number, store: Store): Promise<PromptContent> {
  if (!('blob' in block) || block.blob === undefined) return { stored: [block], whole: [block] };
  const { blob, ...rest } = block;
  const bytes = await store.getBlob(blob.digest);
  if (bytes === undefined)
    throw refuse('not_found', 'There is no such blob.', { field: 'content' });
  if (rest.type !== 'text') {
    return { stored: [block], whole: [{ ...rest, data: toBase64(bytes) }] };
  }
  const text = textIn(bytes, at);
  return { stored: [{ ...rest, text: preview(text), blob }], whole: [{ ...rest, text }] };
}

function textIn(bytes: Uint8Array, at: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const message = `Block ${at}: The blob is no UTF-8 text; it may be an image.`;
    throw refuse('invalid', message, { field: 'content' });
  }
}

/** Content as entries keep it; what is large is to be stored as blobs together with its entry. */
function storedContent(
  content: readonly ContentBlock[],
  clock: Clock,
): { stored: readonly ContentBlock[]; blobs: readonly HeldBlob[] } {
  const blobs: HeldBlob[] = [];
  const put = blobCollector(blobs, (bytes) => clock.sha256(bytes));
  return { stored: smallBlocks(content, put), blobs };
}
