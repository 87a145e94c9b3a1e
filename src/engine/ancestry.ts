import type { Entry } from '../domain/entry.ts';
import { refuse } from '../domain/refusal.ts';
import type { Store } from '../ports/store.ts';

/** A place in a log: everything up to `seq`. */
export interface LogPlace {
  session: string;
  seq: number;
}

const page = { limit: 200, maxBytes: 256 * 1024 };

/** A fork of a fork of a fork: no longer chain is followed. */
export const longestChain = 64;

/**
 * The nodes of the conversation that ends at a place, newest first, each with the session whose log it is from: the path to the root, on into the log
 * that it was forked from. A missing parent or a cycle ends it.
 */
export async function* pathBackwards(
  store: Store,
  place: LogPlace & { node: string | null },
): AsyncGenerator<{ session: string; entry: Entry }> {
  let { session, seq, node } = place;
  for (let chain = 0; chain < longestChain; chain++) {
    let base: Extract<Entry, { kind: 'fork' }> | null = null;
    for (let before: number | null = seq + 1; before !== null && node !== null;) {
      const found = await store.history({ session, before, ...page });
      for (const entry of found.entries) {
        if (entry.id !== node) continue;
        node = entry.parentId ?? null;
        if (entry.kind === 'fork') base = entry;
        else yield { session, entry };
      }
      before = found.next;
    }
    if (base === null) return;
    ({ session, seq } = base.data);
    node = await lastNode(store, { session, seq });
  }
}

/** The last node at or before a place. */
export async function lastNode(store: Store, { session, seq }: LogPlace): Promise<string | null> {
  for (let before: number | null = seq + 1; before !== null;) {
    const found = await store.history({ session, before, ...page });
    const node = found.entries.find((entry) => entry.parentId !== undefined);
    if (node !== undefined) return node.id;
    before = found.next;
  }
  return null;
}

/** Where an entry of a session, or of a log that it was forked from, is; `not_found` otherwise. */
export async function placeOfEntry(
  store: Store,
  session: string,
  entry: string,
): Promise<LogPlace> {
  let log: LogPlace = { session, seq: Number.MAX_SAFE_INTEGER };
  for (let chain = 0; chain < longestChain; chain++) {
    const found = await store.entry(log.session, entry);
    if (found !== undefined && found.seq <= log.seq)
      return { session: log.session, seq: found.seq };
    const base = await forkOf(store, log.session);
    if (base === null) break;
    log = base;
  }
  throw refuse('not_found', 'The session has no entry with that id.', { field: 'at' });
}

/** Where a session was forked from, null for one that was not. */
export async function forkOf(
  store: Store,
  session: string,
): Promise<(LogPlace & { entry: string | null }) | null> {
  const { entries } = await store.history({ session, after: 0, limit: 1, maxBytes: 1024 });
  const [first] = entries;
  if (first?.kind !== 'fork') return null;
  const { session: base, seq, entry } = first.data;
  return { session: base, seq, entry };
}
