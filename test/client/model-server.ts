import type { Entry, NewEntry } from '../../src/domain/entry.ts';
import type { SessionRow } from '../../src/domain/row.ts';
import type { FeedFrame, Snapshot } from '../../src/client/feed-cursor.ts';
import { digestOf } from '../../src/client/seal.ts';

/** What a session produces, one after another. */
export type Act =
  | { type: 'say'; text: string }
  | { type: 'seal' }
  /** The entry's text differs from what was streamed. */
  | { type: 'replace'; text: string }
  /** The decoder begins the text in progress again. */
  | { type: 'restate'; text: string }
  | { type: 'notice' };

const base = { at: '2026-01-01T00:00:00.000Z', by: { type: 'server' as const } };

export function noticeEntry(seq: number): Entry {
  const entry: NewEntry = {
    ...base,
    id: `n${seq}`,
    kind: 'notice',
    data: { code: 'x', text: `${seq}` },
  };
  return withDigest(entry, seq);
}

export function messageEntry(seq: number, id: string, text: string): Entry {
  const content = [{ type: 'text' as const, text }];
  return withDigest({ ...base, id, kind: 'message', parentId: null, data: { content } }, seq);
}

function withDigest(entry: NewEntry, seq: number): Entry {
  const whole = { ...entry, seq, digest: '' } as Entry;
  return { ...whole, digest: digestOf(whole) };
}

/** The entry as it goes to a subscriber that holds its text. */
export function sealed(entry: Entry): Entry {
  if (entry.kind !== 'message') return entry;
  return { ...entry, data: { ...entry.data, content: [{ type: 'text', text: '' }] } };
}

export const row = { id: 's', status: 'working' } as unknown as SessionRow;

/** A session in memory that feeds one subscriber as the server would. */
export class ModelServer {
  readonly log: Entry[] = [];
  /** Every text that a partial ever had, by entry, and each beginning of it. */
  readonly said = new Map<string, string[]>();
  #open: { id: string; text: string; restated: boolean } | null = null;
  #count = 0;

  get openText(): { id: string; text: string } | null {
    return this.#open;
  }

  snapshot(input: { partials?: readonly { entryId: string; offset: number }[] }): Snapshot {
    const open = this.#open;
    const held = input.partials?.find((partial) => partial.entryId === open?.id)?.offset ?? 0;
    // How much of a text that began again a subscriber holds is not to be known.
    const offset = open === null || open.restated || held > open.text.length ? 0 : held;
    const partials =
      open === null
        ? []
        : [{ entryId: open.id, part: 'text' as const, offset, text: open.text.slice(offset) }];
    return { lastSeq: this.log.length, head: null, row, openApprovals: [], partials };
  }

  replay(after: number): FeedFrame[] {
    return this.log.slice(after).map((entry) => ({ event: 'entry', entry, sealed: false }));
  }

  act(act: Act): FeedFrame[] {
    const seq = this.log.length + 1;
    switch (act.type) {
      case 'notice':
        return this.#commit(noticeEntry(seq), false);
      case 'say':
        return [this.#say(act.text)];
      case 'restate': {
        if (this.#open === null) return [];
        this.#open = { id: this.#open.id, text: act.text, restated: true };
        this.#remember();
        const piece = { entryId: this.#open.id, part: 'text' as const, offset: 0, text: act.text };
        return [{ event: 'partial', piece: { ...piece, replaced: true } }];
      }
      case 'seal':
      case 'replace':
        return this.#end(seq, act);
    }
  }

  #say(text: string): FeedFrame {
    this.#open ??= { id: `m${(this.#count += 1)}`, text: '', restated: false };
    const { id, text: before } = this.#open;
    this.#open = { ...this.#open, text: before + text };
    this.#remember();
    return { event: 'partial', piece: { entryId: id, part: 'text', offset: before.length, text } };
  }

  #remember(): void {
    if (this.#open === null) return;
    const { id, text } = this.#open;
    this.said.set(id, [...(this.said.get(id) ?? []), text]);
  }

  #end(seq: number, act: Extract<Act, { type: 'seal' | 'replace' }>): FeedFrame[] {
    if (this.#open === null) return [];
    const { id, text } = this.#open;
    this.#open = null;
    return this.#commit(
      messageEntry(seq, id, act.type === 'seal' ? text : act.text),
      act.type === 'seal',
    );
  }

  #commit(entry: Entry, seal: boolean): FeedFrame[] {
    this.log.push(entry);
    return [{ event: 'entry', entry: seal ? sealed(entry) : entry, sealed: seal }];
  }
}
