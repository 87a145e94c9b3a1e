import { createHash } from 'node:crypto';
import { digestText, type NewEntry } from '../../src/domain/entry.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { rowOf } from '../../src/domain/row.ts';
import {
  emptySession,
  type SessionState,
  stateVersion,
  statusOf,
} from '../../src/domain/session-state.ts';
import type { AppendBatch, SessionColumns, Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open.ts';

const at = '2026-01-01T00:00:00.000Z';
const text =
  'A message of about the length that an agent streams between two tool calls: it says what was ' +
  'found, what will be changed because of it, and which test will show that the change is right.';

/** A session that grows by messages, as its actor would write it: entries with the state after them. */
export class Growing {
  #state: SessionState;
  #count = 0;

  constructor(session: string) {
    this.#state = emptySession(session);
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
    return { version: stateVersion, json, columns: columnsOf(this.#state) };
  }

  #entry(): NewEntry {
    this.#count += 1;
    const id = `e${this.#count}`;
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
            by: { type: 'agent', host: 'h' },
            kind: 'message',
            parentId: this.#state.head,
            data: { content: [{ type: 'text', text: `${this.#count}. ${text}` }] },
          };
    this.#state = evolve(this.#state, { ...entry, seq: this.#state.lastSeq + 1 });
    return entry;
  }
}

function digestOf(entry: NewEntry): string {
  return createHash('sha256').update(digestText(entry)).digest('hex');
}

function columnsOf(state: SessionState): SessionColumns {
  const { key, agent, cwd, title, label, nativeId, parent, archived, meta } = state;
  const { createdAt, updatedAt, lastActivityAt } = state;
  const status = statusOf(state);
  const row = JSON.stringify(rowOf(state));
  return {
    key,
    agent,
    cwd,
    title,
    label,
    nativeId,
    parent,
    status,
    archived,
    createdAt,
    updatedAt,
    lastActivityAt,
    meta,
    row,
  };
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
export async function fill(dir: string, sessions: number, entries: number): Promise<string[]> {
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
  return names;
}
