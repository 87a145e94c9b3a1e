import { toBase64 } from '../domain/base64.ts';
import type { BlobRef, ContentBlock } from '../domain/content.ts';
import type { Entry, NewEntry } from '../domain/entry.ts';
import { preview } from '../domain/externalise.ts';
import type { QueuedPrompt, SessionState } from '../domain/session-state.ts';
import type { Store } from '../ports/store.ts';

/** A prompt's content as it stands in its entry, and whole, as the agent gets it. */
export interface PromptContent {
  stored: readonly ContentBlock[];
  whole: readonly ContentBlock[];
}

/** A text that tells an agent what it does not remember, and where it is stored. */
export interface Told {
  ref: BlobRef;
  text: string;
}

/**
 * Contents of the prompts that wait or are under way. The state row holds only their ids, so that it
 * stays bounded; here they are at hand while the actor is loaded.
 */
export class PromptContents {
  readonly #contents = new Map<string, PromptContent>();
  /** By digest: that which the state names, and those of commands under way. */
  readonly #primers = new Map<string, PromptContent>();

  /** Null where it cannot be read: then nothing is sent in its place. */
  of(prompt: string): PromptContent | null {
    return this.#contents.get(prompt) ?? null;
  }

  add(prompt: string, content: PromptContent): void {
    this.#contents.set(prompt, content);
  }

  /** What the agent is to be told before its next prompt; null where there is nothing or it is gone. */
  primer(state: SessionState): PromptContent | null {
    return state.primer === null ? null : (this.#primers.get(state.primer.digest) ?? null);
  }

  addPrimer({ ref, text }: Told): void {
    const whole = [{ type: 'text' as const, text }];
    const stored = [{ type: 'text' as const, text: preview(text), blob: ref }];
    this.#primers.set(ref.digest, { stored, whole });
  }

  /** A prompt of the server's own was written: nobody has given its content apart. */
  written(entry: NewEntry): void {
    if (entry.kind !== 'prompt' || this.#contents.has(entry.id)) return;
    const { content } = entry.data;
    this.add(entry.id, { stored: content, whole: content });
  }

  /** Forgets what the session no longer needs. */
  keep(state: SessionState): void {
    for (const digest of this.#primers.keys()) {
      if (digest !== state.primer?.digest) this.#primers.delete(digest);
    }
    if (this.#contents.size === 0) return;
    const needed = new Set(neededPrompts(state).map((item) => item.id));
    for (const prompt of this.#contents.keys())
      if (!needed.has(prompt)) this.#contents.delete(prompt);
  }

  /** Reads what a loaded session needs from its log. */
  async load(state: SessionState, store: Store): Promise<void> {
    for (const item of neededPrompts(state)) {
      const stored = storedContent(await store.entry(state.id, item.edited ?? item.id));
      const content = stored && (await withBlobs(stored, store));
      if (content !== null) this.add(item.id, content);
    }
    const { primer } = state;
    const bytes = primer === null ? undefined : await store.getBlob(primer.digest);
    if (primer !== null && bytes !== undefined) {
      this.addPrimer({ ref: primer, text: new TextDecoder().decode(bytes) });
    }
  }
}

function neededPrompts(state: SessionState): readonly QueuedPrompt[] {
  return [...state.queue, ...(state.run?.prompts ?? [])];
}

/** The content of a prompt, or of the change that gave it another. */
function storedContent(entry: Entry | undefined): readonly ContentBlock[] | null {
  if (entry?.kind === 'prompt') return entry.data.content;
  return entry?.kind === 'queue' ? (entry.data.content ?? null) : null;
}

async function withBlobs(
  stored: readonly ContentBlock[],
  store: Store,
): Promise<PromptContent | null> {
  const whole = await Promise.all(stored.map((block) => wholeBlock(block, store)));
  return whole.includes(null) ? null : { stored, whole: whole.filter((block) => block !== null) };
}

/** A block as it was before its content went to a blob; null where the blob is gone. */
async function wholeBlock(block: ContentBlock, store: Store): Promise<ContentBlock | null> {
  if (!('blob' in block) || block.blob === undefined) return block;
  const bytes = await store.getBlob(block.blob.digest);
  if (bytes === undefined) return null;
  const { blob: _, ...rest } = block;
  if (rest.type === 'text') return { ...rest, text: new TextDecoder().decode(bytes) };
  return { ...rest, data: toBase64(bytes) };
}
