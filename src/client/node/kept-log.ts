import { isObject, type Json } from '../../domain/json.ts';
import type { Fork, KeptLog, Waiting } from '../ingress/outbox.ts';
import { lineOf } from '../ingress/line.ts';

/** A record of an outbox's file, one in each line. */
export type OutboxRecord =
  | { record: 'log'; session: string }
  | { record: 'line'; number: number; text: string; file?: string }
  | { record: 'stored'; number: number; head: string | null }
  | { record: 'aside'; number: number }
  | { record: 'trying'; number: number; head: string | null }
  | { record: 'fork'; fork: Fork }
  | { record: 'discarded'; number: number };

/** Reads the records of one session's files back, in their order, and says what waits. */
export class KeptRecords {
  session: string | null = null;
  /** The last number that was given. */
  last = 0;
  readonly #waiting = new Map<number, Waiting>();
  #head: string | null = null;
  #tried: KeptLog['tried'] = null;
  #fork: Fork | null = null;

  get log(): KeptLog | null {
    if (this.session === null || this.#waiting.size === 0) return null;
    const lines = [...this.#waiting.values()];
    const { session } = this;
    return { session, lines, head: this.#head, tried: this.#tried, fork: this.#fork };
  }

  /** False for what is no record: the end of a write that was cut off, mostly. */
  take(text: string): boolean {
    const record = recordOf(text);
    if (record === null) return false;
    switch (record.record) {
      case 'log':
        this.session = record.session;
        return true;
      case 'line':
        this.last = Math.max(this.last, record.number);
        this.#waiting.set(record.number, {
          ...lineOf(record.text, record.file),
          number: record.number,
        });
        return true;
      case 'stored':
        this.#head = record.head;
        this.#settled(record.number);
        return true;
      case 'discarded':
        this.#settled(record.number);
        return true;
      case 'aside':
        this.#waiting.delete(record.number);
        return true;
      case 'trying':
        this.#tried = { number: record.number, head: record.head };
        return true;
      case 'fork':
        this.#fork = record.fork;
        return true;
    }
  }

  #settled(number: number): void {
    for (const known of this.#waiting.keys()) if (known <= number) this.#waiting.delete(known);
  }
}

/** What this program wrote is taken as it is; what a cut or a bad disk made of it is not. */
function recordOf(text: string): OutboxRecord | null {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return null;
  }
  return isObject(value) && typeof value['record'] === 'string'
    ? (value as unknown as OutboxRecord)
    : null;
}
