import { toBase64 } from '../domain/base64.ts';
import type { ContentBlock } from '../domain/content.ts';
import type { Entry, NewEntry } from '../domain/entry.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Store } from '../ports/store.ts';

/** A prompt's content as it stands in its entry, and whole, as the agent gets it. */
export interface PromptContent {
  stored: readonly ContentBlock[];
  whole: readonly ContentBlock[];
}

/**
 * Contents of the prompts that wait or are under way. The state row holds only their ids, so that it
 * stays bounded; here they are at hand while the actor is loaded.
 */
export class PromptContents {
  readonly #contents = new Map<string, PromptContent>();

  /** Null where it cannot be read: then nothing is sent in its place. */
  of(prompt: string): PromptContent | null {
    return this.#contents.get(prompt) ?? null;
  }

  add(prompt: string, content: PromptContent): void {
    this.#contents.set(prompt, content);
  }

  /** A prompt of the server's own was written: nobody has given its content apart. */
  written(entry: NewEntry): void {
    if (entry.kind !== 'prompt' || this.#contents.has(entry.id)) return;
    const { content } = entry.data;
    this.add(entry.id, { stored: content, whole: content });
  }

  /** Forgets prompts that the session no longer needs. */
  keep(state: SessionState): void {
    if (this.#contents.size === 0) return;
    const needed = new Set(neededPrompts(state));
    for (const prompt of this.#contents.keys())
      if (!needed.has(prompt)) this.#contents.delete(prompt);
  }

  /** Reads what a loaded session needs from its log. */
  async load(state: SessionState, store: Store): Promise<void> {
    for (const prompt of neededPrompts(state)) {
      const entry = await store.entry(state.id, prompt);
      if (entry?.kind !== 'prompt') continue;
      const content = await withBlobs(entry, store);
      if (content !== null) this.add(prompt, content);
    }
  }
}

function neededPrompts(state: SessionState): string[] {
  return [...state.queue, ...(state.run?.prompts ?? [])].map((item) => item.id);
}

async function withBlobs(
  entry: Extract<Entry, { kind: 'prompt' }>,
  store: Store,
): Promise<PromptContent | null> {
  const stored = entry.data.content;
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
