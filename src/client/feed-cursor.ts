import type { Entry } from '../domain/entry.ts';
import type { SessionRow } from '../domain/row.ts';
import type { InputOf } from '../protocol/operations.ts';
import type { FeedEvent } from './feed-event.ts';
import { addPiece, endOf, type HeldText, type Piece } from './held-text.ts';
import { unseal } from './seal.ts';

/**
 * How far a subscriber is: the one thing that a reconnect needs. A pure fold:
 *
 *   openInput(cursor) ──feeds.open──▶ opened(cursor, snapshot) ─┐
 *        ▲                                                      ▼
 *        └── need: reopen ◀── received(cursor, frame) ──▶ events, next cursor
 *                                   │      ▲
 *                      need: fetch ─┴──────┘ fetched(cursor, entry)
 *
 * Entries are delivered by seq, each exactly once. Texts in progress are merged by offset at any time, and
 * shown only when everything before them has been delivered.
 */
export interface FeedCursor {
  /** Seq of the last delivered entry; null before a feed of new entries only was opened. */
  seq: number | null;
  held: readonly HeldText[];
  state: 'catching_up' | 'live';
  /** Last seq of the log when the feed was opened. */
  target: number;
}

/** Notifications of one session's feed. */
export type FeedFrame =
  | { event: 'entry'; entry: Entry; sealed: boolean }
  | { event: 'partial'; piece: Piece }
  | { event: 'feed.state'; state: 'catching_up' | 'live' };

/** What `feeds.open` answers for a session. */
export interface Snapshot {
  lastSeq: number;
  head: string | null;
  row: SessionRow;
  openApprovals: readonly Entry[];
  partials: readonly Piece[];
}

export interface Step {
  cursor: FeedCursor;
  events: readonly FeedEvent[];
  /** `reopen`: something is missing, ask again from the cursor. `fetch`: read this entry from the log. */
  need?: 'reopen' | { fetch: number };
}

const heldAtMost = 300;

export function beginAt(after: number | undefined): FeedCursor {
  return { seq: after ?? null, held: [], state: 'catching_up', target: 0 };
}

export function openInput(cursor: FeedCursor, session: string): InputOf<'feeds.open'> {
  const partials = cursor.held
    .slice(-heldAtMost)
    .map((held) => ({ entryId: held.entryId, part: held.part, offset: endOf(held) }));
  return {
    session,
    ...(cursor.seq === null ? {} : { after: cursor.seq }),
    ...(partials.length === 0 ? {} : { partials }),
  };
}

export function opened(cursor: FeedCursor, snapshot: Snapshot): Step {
  const { lastSeq, head, row, openApprovals } = snapshot;
  const start: FeedCursor = {
    seq: cursor.seq ?? lastSeq,
    held: cursor.held.map((held) => ({ ...held, listed: false })),
    state: 'catching_up',
    target: lastSeq,
  };
  const events: FeedEvent[] = [
    { type: 'snapshot', row, openApprovals, lastSeq, head },
    { type: 'state', state: 'catching_up' },
  ];
  const pieces = snapshot.partials.map((piece) => ({ ...piece, last: true }));
  const merged = merge(start, pieces);
  if (merged.need !== undefined) return { ...merged, events };
  return caughtUp({ cursor: merged.cursor, events });
}

export function received(cursor: FeedCursor, frame: FeedFrame): Step {
  switch (frame.event) {
    case 'entry':
      return entryReceived(cursor, frame.entry, frame.sealed);
    case 'partial': {
      const merged = merge(cursor, [frame.piece]);
      return merged.need === undefined && cursor.state === 'live' ? show(merged) : merged;
    }
    case 'feed.state':
      return frame.state === 'live' ? goLive({ cursor, events: [] }) : fallBack(cursor);
  }
}

/** The entry that a step asked to fetch. */
export function fetched(cursor: FeedCursor, entry: Entry): Step {
  return entryReceived(cursor, entry, false);
}

function entryReceived(cursor: FeedCursor, entry: Entry, sealed: boolean): Step {
  const expected = (cursor.seq ?? entry.seq - 1) + 1;
  if (entry.seq < expected) return { cursor, events: [] };
  if (entry.seq > expected) return { cursor, events: [], need: 'reopen' };
  const held = cursor.held.find((text) => text.entryId === entry.id && text.start === 0);
  const whole = sealed ? unseal(entry, held?.text ?? '') : entry;
  if (whole === null) return { cursor, events: [], need: { fetch: entry.seq } };
  const left = cursor.held.filter((text) => !endsText(whole, text));
  const next = { ...cursor, seq: entry.seq, held: left };
  return caughtUp({ cursor: next, events: [{ type: 'entry', entry: whole }] });
}

/** The entry of the same id ends a text, the next entry of the tool call its output. */
function endsText(entry: Entry, held: HeldText): boolean {
  if (held.entryId === entry.id) return true;
  return held.part === 'output' && entry.kind === 'tool_call' && entry.data.call === held.call;
}

function merge(cursor: FeedCursor, pieces: readonly Piece[]): Step {
  let { held } = cursor;
  let missing = false;
  for (const piece of pieces) {
    const at = held.findIndex((one) => one.entryId === piece.entryId && one.part === piece.part);
    const next = addPiece(held[at], piece);
    missing ||= next.missing;
    const kept = next.held === undefined ? [] : [next.held];
    held = at < 0 ? [...held, ...kept] : held.toSpliced(at, 1, ...kept);
  }
  const step = { cursor: { ...cursor, held }, events: [] };
  return missing ? { ...step, need: 'reopen' } : step;
}

/** Live without being told once everything that was there at the opening has come. */
function caughtUp(step: Step): Step {
  const { seq, target, state } = step.cursor;
  return state === 'catching_up' && target >= 0 && (seq ?? 0) >= target ? goLive(step) : step;
}

function goLive(step: Step): Step {
  if (step.cursor.state === 'live') return step;
  const gone = step.cursor.held.filter((held) => !held.listed);
  const held = step.cursor.held.filter((text) => text.listed);
  const events: FeedEvent[] = [...step.events, { type: 'state', state: 'live' }];
  for (const { entryId, part } of gone) events.push({ type: 'abandoned', entryId, part });
  return show({ cursor: { ...step.cursor, held, state: 'live' }, events });
}

/** The server reads from the log again and says itself when it has reached the end. */
function fallBack(cursor: FeedCursor): Step {
  if (cursor.state === 'catching_up') return { cursor: { ...cursor, target: -1 }, events: [] };
  const next: FeedCursor = { ...cursor, state: 'catching_up', target: -1 };
  return { cursor: next, events: [{ type: 'state', state: 'catching_up' }] };
}

/** Events for what was merged and not shown yet. */
function show(step: Step): Step {
  const events = [...step.events];
  const held = step.cursor.held.map((text) => {
    if ((text.shown ?? text.start) === endOf(text) && !text.replaced) return text;
    events.push(partialEvent(text));
    return { ...text, shown: endOf(text), replaced: false };
  });
  return { cursor: { ...step.cursor, held }, events };
}

function partialEvent(held: HeldText): FeedEvent {
  const { entryId, part, replaced, parentCall, call } = held;
  const offset = Math.max(held.start, replaced ? 0 : (held.shown ?? 0));
  return {
    type: 'partial',
    entryId,
    part,
    offset,
    text: held.text.slice(offset - held.start),
    replaced,
    whole: held.text,
    ...(parentCall === undefined ? {} : { parentCall }),
    ...(call === undefined ? {} : { call }),
  };
}
