import { newId } from 'turnkeep/client';
import type { Attached } from '../composer/pictures.ts';
import { Cell } from './cell.ts';
import { KeptMap } from './keep.ts';

/** What was written to a session and is not known to have arrived. */
export interface Draft {
  text: string;
  /** What was sent of it last: until it is answered, the same message goes by the same id. */
  sent: Sent | null;
}

interface Sent {
  id: string;
  text: string;
  /** Addresses of the pictures that went along. */
  pictures: readonly string[];
}

const empty: Draft = { text: '', sent: null };
const noPictures: readonly Attached[] = [];

/**
 * Messages that are being written, by session. This browser keeps the texts; pictures last as long as the
 * page. A message is taken away when its answer or its entry comes, whichever is first.
 */
export class Drafts {
  readonly kept = new KeptMap<Draft>('draft');
  readonly pictures = new Cell<ReadonlyMap<string, readonly Attached[]>>(new Map());

  of(session: string): Draft {
    return this.kept.get()[session] ?? empty;
  }

  picturesOf(session: string): readonly Attached[] {
    return this.pictures.get().get(session) ?? noPictures;
  }

  write(session: string, text: string): void {
    this.#put(session, { ...this.of(session), text });
  }

  /** Adds what was written elsewhere, below what is there. */
  add(session: string, text: string): void {
    const now = this.of(session).text;
    this.write(session, now.trim() === '' ? text : `${now}\n\n${text}`);
  }

  attach(session: string, pictures: readonly Attached[]): void {
    this.#setPictures(session, [...this.picturesOf(session), ...pictures]);
  }

  takeAway(session: string, addresses: readonly string[]): void {
    const [gone, left] = [true, false].map((want) =>
      this.picturesOf(session).filter(({ address }) => addresses.includes(address) === want),
    );
    for (const { address } of gone ?? []) URL.revokeObjectURL(address);
    this.#setPictures(session, left ?? []);
  }

  /** The id by which the message as it is now is sent. */
  idToSend(session: string): string {
    const { text, sent } = this.of(session);
    const pictures = this.picturesOf(session).map(({ address }) => address);
    const same = sent?.text === text && sent.pictures.join(' ') === pictures.join(' ');
    if (same) return sent.id;
    const id = newId();
    this.#put(session, { text, sent: { id, text, pictures } });
    return id;
  }

  /** A message is in the log. What was written since then stays. */
  arrived(session: string, id: string): void {
    const { text, sent } = this.of(session);
    if (sent?.id !== id) return;
    this.takeAway(session, sent.pictures);
    this.#put(session, { text: text === sent.text ? '' : text, sent: null });
  }

  #put(session: string, draft: Draft): void {
    const nothing = draft.text === '' && draft.sent === null;
    this.kept.put(session, nothing ? null : draft);
  }

  #setPictures(session: string, pictures: readonly Attached[]): void {
    this.pictures.update((all) => new Map(all).set(session, pictures));
  }
}
