import type { BlobRef, ContentBlock } from '../domain/content.ts';
import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';
import type { Context } from './handler.ts';

interface Naming {
  context: Context;
  /** The session that the content goes to, or that a fork is of; null for a new one. */
  session: string | null;
  /** Of the input, for refusals. */
  field: 'content' | 'prompt' | 'entries';
}

/**
 * Does what stores a prompt. Blobs that it names have to be there, as large as it says, and stay there
 * meanwhile. Who is bound to sessions names what they name already or what it has put itself: of others it
 * would get what it never saw, or learn that it is there.
 */
export async function withNamedBlobs<Result>(
  content: readonly ContentBlock[] | undefined,
  naming: Naming,
  act: () => Promise<Result>,
): Promise<Result> {
  const named = [...(content ?? []).entries()].flatMap(([at, block]) =>
    'blob' in block && block.blob !== undefined ? [{ at, blob: block.blob }] : [],
  );
  if (named.length === 0) return act();
  const bytes = named.reduce((sum, { blob }) => sum + blob.size, 0);
  if (bytes > limits.promptBlobBytes) {
    const message = `${naming.field}: The blobs of a prompt may have ${limits.promptBlobBytes} bytes in all.`;
    throw refuse('too_large', message, { field: naming.field });
  }
  const digests = named.map(({ blob }) => blob.digest);
  return naming.context.store.keeping(digests, async () => {
    for (const { at, blob } of named) await demandBlob(blob, `${naming.field}.${at}.blob`, naming);
    return act();
  });
}

/** Blob references (`{digest, size}`) in what a producer writes: whoever is bound to sessions names no others either. */
export async function demandNamed(raw: unknown, naming: Naming & { at: number }): Promise<void> {
  if (naming.context.caller.sessions === null) return;
  const waiting = [raw];
  while (waiting.length > 0) {
    const one = waiting.pop();
    if (typeof one !== 'object' || one === null) continue;
    const { digest, size } = one as { digest?: unknown; size?: unknown };
    if (typeof digest === 'string' && digestPattern.test(digest) && Number.isInteger(size)) {
      const field = `${naming.field}.${naming.at}.raw`;
      await demandBlob({ digest, size: size as number }, field, naming);
    }
    waiting.push(...Object.values(one));
  }
}

const digestPattern = /^[0-9a-f]{64}$/;

async function demandBlob(
  { digest, size }: BlobRef,
  field: string,
  { context, session }: Naming,
): Promise<void> {
  const { caller, store } = context;
  const owner = caller.sessions === null ? null : caller.token;
  const found = await store.nameable(digest, { owner, session });
  if (found === undefined) {
    throw refuse('not_found', `${field}: There is no such blob: put it first, by blobs.put.`, {
      field,
    });
  }
  if (found === size) return;
  throw refuse('invalid', `${field}: The blob has ${found} bytes.`, { field });
}
