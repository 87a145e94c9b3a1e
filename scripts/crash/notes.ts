import { createHash } from 'node:crypto';
import { digestText, type Entry } from '../../src/domain/entry.ts';
import type { SubscriberFacts } from './facts.ts';

interface Piece {
  entryId: string;
  part: string;
  offset: number;
  text: string;
  replaced?: boolean;
}

/** What one subscriber saw, over all of its connections; it judges at once what only shows at once. */
export class Notes {
  readonly name: string;
  connections = 0;
  /** Seq of the last entry: where the next connection goes on. */
  cursor = 0;
  readonly #entries: { seq: number; id: string; digest: string }[] = [];
  readonly #texts: { entryId: string; text: string }[] = [];
  readonly #latest = new Map<string, number>();
  readonly #held = new Map<string, string>();
  readonly #faults: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get facts(): SubscriberFacts {
    const { name, connections } = this;
    return { name, connections, entries: this.#entries, texts: this.#texts, faults: this.#faults };
  }

  fault(what: string): void {
    if (this.#faults.length < 50) this.#faults.push(what);
  }

  /** An entry as it came; with `sealed`, less the text that is held. */
  entry(entry: Entry, sealed: boolean): void {
    const { seq, id, digest } = entry;
    this.#entries.push({ seq, id, digest });
    this.cursor = Math.max(this.cursor, seq);
    // A line of the agent's own memory is left out of feeds: its digest is compared with the log's.
    const partly = entry.kind === 'native' && entry.data.omitted === true;
    const whole = sealed ? this.#unsealed(entry) : partly ? null : entry;
    if (whole !== null && digestOf(whole) !== digest)
      this.fault(`seq ${seq} does not have its digest`);
    for (const part of ['text', 'thought']) this.#held.delete(`${id}/${part}`);
  }

  #unsealed(entry: Entry): Entry | null {
    const part = entry.kind === 'thought' ? 'thought' : 'text';
    const text = this.#held.get(`${entry.id}/${part}`);
    if (text === undefined || (entry.kind !== 'message' && entry.kind !== 'thought')) {
      this.fault(`seq ${entry.seq} came sealed and its text is not held`);
      return null;
    }
    return { ...entry, data: { ...entry.data, content: [{ type: 'text', text }] } };
  }

  /** A piece of text in progress; that of tools is no part of an entry. */
  piece({ entryId, part, offset, text, replaced }: Piece): void {
    if (part === 'output') return;
    const key = `${entryId}/${part}`;
    const held = this.#held.get(key) ?? '';
    if (replaced === true || offset > held.length) {
      this.fault(`text of ${entryId} at ${offset}, while ${held.length} are held`);
    }
    const known = held.slice(offset, offset + text.length);
    if (!text.startsWith(known)) this.fault(`text of ${entryId} changed at ${offset}`);
    const whole = held.length > offset + text.length ? held : held.slice(0, offset) + text;
    this.#held.set(key, whole);
    this.text(entryId, whole);
  }

  /** Text so far of an entry to come. */
  text(entryId: string, text: string): void {
    const at = this.#latest.get(entryId);
    const before = at === undefined ? undefined : this.#texts[at];
    if (before !== undefined && text.startsWith(before.text)) before.text = text;
    else if (before === undefined || !before.text.startsWith(text)) {
      this.#latest.set(entryId, this.#texts.push({ entryId, text }) - 1);
    }
  }

  /** What is held, for the next connection to go on from. */
  get offsets(): { entryId: string; part: string; offset: number }[] {
    return [...this.#held].map(([key, text]) => {
      const [entryId, part] = key.split('/') as [string, string];
      return { entryId, part, offset: text.length };
    });
  }

  /** The next connection begins without any text. */
  letGo(): void {
    this.#held.clear();
  }
}

export function digestOf(entry: Entry): string {
  return createHash('sha256').update(digestText(entry)).digest('hex');
}
