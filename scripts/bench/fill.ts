import { createHash } from 'node:crypto';
import { systemClock } from '../../src/app/system-clock.ts';
import { digestText, type NewEntry } from '../../src/domain/entry.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { emptySession, type SessionState, stateVersion } from '../../src/domain/session-state.ts';
import { columnsOf } from '../../src/engine/columns.ts';
import { itemId, lineId } from '../../src/ports/agent.ts';
import type { AppendBatch, Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open.ts';

const at = '2026-01-01T00:00:00.000Z';
/** About what an agent says between two tool calls. */
const sentence =
  'A message of about the length that an agent streams between two tool calls: it says what was ' +
  'found, what will be changed because of it, and which test will show that the change is right. ';
/** More than this is told in several blocks, none of which has to go to a blob. */
const blockChars = 10_000;

/** A session that grows by messages, as its actor would write it: entries with the state after them. */
export class Growing {
  #state: SessionState;
  #count = 0;
  readonly #host: string;
  readonly #texts: readonly string[];

  /** `chars`: the length of each message. */
  constructor(session: string, chars = sentence.length) {
    this.#state = emptySession(session);
    this.#host = systemClock().newId();
    const sizes = Array.from({ length: Math.ceil(chars / blockChars) }, (_, block) =>
      Math.min(blockChars, chars - block * blockChars),
    );
    this.#texts = sizes.map((size) => sentence.repeat(size / sentence.length + 1).slice(0, size));
  }

  /** The batch of the next entries; the first one creates the session. `bare`: without the state. */
  next(entries: number, bare = false): AppendBatch {
    const first = this.#count === 0;
    const made = Array.from({ length: entries }, () => this.#entry());
    return {
      session: this.#state.id,
      epoch: 1,
      ...(first ? { create: { key: null } } : {}),
      entries: made.map((entry) => ({ entry, digest: digestOf(entry) })),
      ...(bare ? {} : { state: this.#written() }),
    };
  }

  #written(): NonNullable<AppendBatch['state']> {
    const json = JSON.stringify(this.#state);
    return { version: stateVersion, json, columns: columnsOf(this.#state, false) };
  }

  #entry(): NewEntry {
    this.#count += 1;
    // As of a line that an agent wrote: such ids grow with time, over all sessions.
    const id = itemId({ id: lineId(this.#host, this.#count * 500) }, 0);
    const entry: NewEntry =
      this.#count === 1
        ? {
            id,
            at,
            by: { type: 'server' },
            kind: 'settings',
            data: {
              from: 'client',
              changes: { agent: 'scripted', cwd: '/', title: `Work of ${this.#state.id}` },
            },
          }
        : {
            id,
            at,
            by: { type: 'agent', host: this.#host },
            kind: 'message',
            parentId: this.#state.head,
            data: {
              content: this.#texts.map((text) => ({
                type: 'text',
                text: `${this.#count}. ${text}`,
              })),
            },
          };
    this.#state = evolve(this.#state, { ...entry, seq: this.#state.lastSeq + 1 });
    return entry;
  }
}

function digestOf(entry: NewEntry): string {
  return createHash('sha256').update(digestText(entry)).digest('hex');
}

export async function openAt(dir: string): Promise<Store> {
  return openStore({
    dir,
    onFatal: (error) => {
      throw error;
    },
  });
}

/** A state directory with so many sessions of so many entries each. */
export async function fill(dir: string, sessions: number, entries: number): Promise<void> {
  const store = await openAt(dir);
  const names = Array.from({ length: sessions }, (_, number) => `s${number + 1}`);
  const together = 200;
  for (let from = 0; from < names.length; from += together) {
    const growing = names.slice(from, from + together).map((name) => new Growing(name));
    for (let left = entries; left > 0; left -= 500) {
      await store.append(growing.map((one) => one.next(Math.min(left, 500))));
    }
  }
  await store.close();
}

/** Makes the session longer by so many entries; the last batch brings its state up to date. */
export async function lengthen(store: Store, growing: Growing, size: Lengthening): Promise<void> {
  const { entries, together } = size;
  for (let left = entries; left > 0; left -= together) {
    const count = Math.min(left, together);
    const [verdict] = await store.append([growing.next(count, left > count)]);
    if (verdict?.status !== 'stored') throw new Error(`Not stored: ${JSON.stringify(verdict)}`);
  }
}

interface Lengthening {
  entries: number;
  /** Entries of one batch. */
  together: number;
}
