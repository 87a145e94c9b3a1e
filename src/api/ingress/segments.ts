import type { Entry, EntryOf } from '../../domain/entry.ts';
import { longestChain } from '../../engine/ancestry.ts';
import type { SessionView } from '../../engine/engine.ts';
import type { HistoryQuery, Store } from '../../ports/store.ts';
import type { Calls } from '../calls.ts';

/** A part of a session's history: its own log, or that of one from which it was forked. */
export interface Segment {
  session: string;
  /** Nothing after this seq belongs to it: what comes later was not there when it was asked for. */
  last: number;
  /** The agent's own lines are there; else they are made from what our entries say. */
  native: boolean;
}

/** A place in a session's history: what comes after that seq of that segment. */
export interface HistoryPlace {
  segment: number;
  after: number;
}

/** The history of a session as of one moment, oldest segment first. */
export interface History {
  segments: readonly Segment[];
  view: SessionView;
}

const page = { limit: 200, maxBytes: 256 * 1024 } as const;

export async function historyOf(
  { options: { engine, store } }: Calls,
  session: string,
  format: string,
): Promise<History> {
  const view = await engine.get(session);
  const segments: Segment[] = [];
  let log: { session: string; last: number } | null = { session, last: view.row.lastSeq };
  // Imported logs say what they like of their bases.
  for (let chain = 0; log !== null && chain < longestChain; chain++) {
    const native = await hasLines(store, log, format);
    segments.unshift({ ...log, native });
    const base = await baseOf(store, log.session);
    // An exact copy begins with all lines of its base: they are not told twice.
    const copied = native && base?.fidelity === 'exact';
    log = base === null || copied ? null : { session: base.session, last: base.seq };
  }
  return { segments, view };
}

async function baseOf(store: Store, session: string): Promise<EntryOf<'fork'>['data'] | null> {
  const { entries } = await store.history({ session, after: 0, limit: 1, maxBytes: 1024 });
  const [first] = entries;
  return first?.kind === 'fork' ? first.data : null;
}

async function hasLines(
  store: Store,
  { session, last }: { session: string; last: number },
  format: string,
): Promise<boolean> {
  const query: HistoryQuery = { session, before: last + 1, kinds: ['native'], ...page, limit: 1 };
  const [entry] = (await store.history(query)).entries;
  return entry?.kind === 'native' && entry.data.format === format;
}

/** Where the last compaction or new beginning of the agent is; the beginning of all where there is none. */
export async function lastBoundary(store: Store, history: History): Promise<HistoryPlace> {
  const { segments, view } = history;
  for (const [segment, part] of [...segments.entries()].toReversed()) {
    const own = segment === segments.length - 1;
    const known = part.native ? view.nativeBoundary : view.boundary;
    const seq = own ? known : await boundaryIn(store, part);
    if (seq !== null) return { segment, after: seq - 1 };
  }
  return { segment: 0, after: 0 };
}

async function boundaryIn(
  store: Store,
  { session, last, native }: Segment,
): Promise<number | null> {
  const kinds = native ? (['native', 'reset'] as const) : (['compaction', 'reset'] as const);
  for (let before: number | null = last + 1; before !== null;) {
    const found = await store.history({ session, before, kinds, ...page });
    const boundary = found.entries.find(isBoundary);
    if (boundary !== undefined) return boundarySeq(boundary);
    before = found.next;
  }
  return null;
}

/** Whether what is before it need not be remembered by the agent. */
export function isBoundary(entry: Entry): boolean {
  if (entry.kind === 'native') return entry.data.boundary === true && entry.data.file === '';
  return entry.kind === 'compaction' || entry.kind === 'reset';
}

function boundarySeq(entry: Entry): number {
  return entry.kind === 'compaction' ? entry.data.keepSeq : entry.seq;
}
