import { type Entry, isNode } from '../domain/entry.ts';
import type { Frame } from './frames.ts';

/** An entry's frames: whole, and sealed for those who hold its text. Each is made once, when first asked. */
export class EntryFrames {
  readonly entry: Entry;
  readonly #session: string;
  readonly #seals: boolean;
  #whole: Frame | null = null;
  #sealed: Frame | null = null;
  readonly #rests = new Map<number, Frame>();

  constructor(session: string, entry: Entry, seals = true) {
    this.#session = session;
    this.#seals = seals;
    this.entry = entry;
  }

  get whole(): Frame {
    this.#whole ??= entryFrame(this.#session, this.entry.seq, JSON.stringify(inOrder(this.entry)));
    return this.#whole;
  }

  /** The text that may have been streamed before, as one inline block; null where there is none. */
  get text(): string | null {
    const { entry } = this;
    if (!this.#seals || (entry.kind !== 'message' && entry.kind !== 'thought')) return null;
    const [block] = entry.data.content;
    if (entry.data.content.length !== 1 || block?.type !== 'text' || block.blob !== undefined)
      return null;
    return block.text;
  }

  /** The rest of the text for feeds that hold it up to `offset`, so that the seal is enough for them too. */
  rest(text: string, offset: number): Frame {
    const known = this.#rests.get(offset);
    if (known !== undefined) return known;
    const { id: entryId, kind, parentCall } = this.entry;
    const part = kind === 'thought' ? 'thought' : 'text';
    const session = this.#session;
    const rest = { session, entryId, part, offset, text: text.slice(offset), parentCall };
    const frame: Frame = { event: 'partial', seq: null, params: JSON.stringify(rest) };
    this.#rests.set(offset, frame);
    return frame;
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
  const entry = withoutLine(json);
  return { event: 'entry', seq, params: `{"session":${JSON.stringify(session)},"entry":${entry}}` };
}

/** All members before the kind, which are names and a time. */
const headChars = 600;

/**
 * An entry as it is sent to those who have not asked for lines of the agents' own memory: the line is left
 * out, and it says so. What it shows is in entries of its own, so nobody is to pay for it twice.
 */
export function withoutLine(json: string): string {
  if (!json.slice(0, headChars).includes('"kind":"native"')) return json;
  const entry = JSON.parse(json) as Entry;
  if (entry.kind !== 'native') return json;
  return JSON.stringify({ ...entry, data: { ...entry.data, line: '', omitted: true } });
}

/** The fields in the order in which the store gives them. */
function inOrder(entry: Entry): object {
  const { seq, id, parentId, runId, at, kind, by, parentCall, about, data, digest } = entry;
  const node = isNode(entry) ? { parentId } : {};
  return { seq, id, ...node, runId, at, kind, by, parentCall, about, data, digest };
}
