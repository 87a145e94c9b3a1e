import { type Entry, isNode } from '../domain/entry.ts';
import type { Frame } from './frames.ts';

/** An entry's frames: whole, and sealed for those who hold its text. Each is made once, when first asked. */
export class EntryFrames {
  readonly entry: Entry;
  readonly #session: string;
  #whole: Frame | null = null;
  #sealed: Frame | null = null;

  constructor(session: string, entry: Entry) {
    this.#session = session;
    this.entry = entry;
  }

  get whole(): Frame {
    this.#whole ??= entryFrame(this.#session, this.entry.seq, JSON.stringify(inOrder(this.entry)));
    return this.#whole;
  }

  /** Units of text that a feed must hold to be given only the seal; null where the entry has no such text. */
  get sealLength(): number | null {
    const { entry } = this;
    if (entry.kind !== 'message' && entry.kind !== 'thought') return null;
    const [block] = entry.data.content;
    if (entry.data.content.length !== 1 || block?.type !== 'text' || block.blob !== undefined)
      return null;
    return block.text.length;
  }

  get sealed(): Frame {
    if (this.#sealed !== null) return this.#sealed;
    const { entry } = this;
    const data = { ...entry.data, content: [{ type: 'text', text: '' }] };
    const json = JSON.stringify({ ...inOrder(entry), data });
    const params = `{"session":${JSON.stringify(this.#session)},"entry":${json},"sealed":true}`;
    this.#sealed = { event: 'entry', seq: entry.seq, params };
    return this.#sealed;
  }
}

export function entryFrame(session: string, seq: number, json: string): Frame {
  return { event: 'entry', seq, params: `{"session":${JSON.stringify(session)},"entry":${json}}` };
}

/** The fields in the order in which the store gives them. */
function inOrder(entry: Entry): object {
  const { seq, id, parentId, runId, at, kind, by, parentCall, about, data, digest } = entry;
  const node = isNode(entry) ? { parentId } : {};
  return { seq, id, ...node, runId, at, kind, by, parentCall, about, data, digest };
}
