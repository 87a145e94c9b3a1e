import type { Entry } from 'turnkeep/client';

/** An entry's place: its seq, and of a fork the base in whose log that counts; null for the session's own. */
export interface LogPlace {
  base: string | null;
  seq: number;
}

/** The part of a log that is on this page. */
export interface LogWindow {
  /** In order, without a gap. Of a fork they begin in the log that it was forked from. */
  entries: readonly Entry[];
  /** Nothing lies before it that could be read. */
  fromStart: boolean;
  /** What is appended is added to it; else there is more after it. */
  toEnd: boolean;
  /** The log that should go on before it, and is not there any more. */
  gone: string | null;
}

/** What was read before a place. */
export interface OlderPage {
  entries: readonly Entry[];
  fromStart: boolean;
  gone: string | null;
}

/** More than these are not kept: what is far from the reader is let go and read again. */
const mostEntries = 4000;
/** Of a reader at the end so many are kept. */
const endEntries = 1000;
/** They are let go in portions. */
const portion = 500;

export const emptyWindow: LogWindow = { entries: [], fromStart: false, toEnd: true, gone: null };

/** Where an entry is. Entries of a base are marked with its session. */
export function placeOf(entry: Entry): LogPlace {
  const { inherited } = entry as { inherited?: string };
  return { base: inherited ?? null, seq: entry.seq };
}

export function isAt(entry: Entry, { base, seq }: LogPlace): boolean {
  return entry.seq === seq && placeOf(entry).base === base;
}

/** What lies before `from`; of no use to a window that begins elsewhere by now. */
export function withOlder(window: LogWindow, from: Entry, page: OlderPage): LogWindow {
  if (window.entries[0] !== from) return window;
  return { ...window, ...page, entries: [...page.entries, ...window.entries] };
}

/** What lies after `from`; of no use to a window that ends elsewhere by now. */
export function withNewer(window: LogWindow, from: Entry, newer: readonly Entry[]): LogWindow {
  if (window.entries.at(-1) !== from) return window;
  return { ...window, entries: [...window.entries, ...newer] };
}

/** With what was appended to the session's own log. What does not follow is read when the reader comes there. */
export function withAppended(
  window: LogWindow,
  appended: readonly Entry[],
  { atEnd }: { atEnd: boolean },
): LogWindow {
  if (!window.toEnd) return window;
  const known = lastOwnSeq(window.entries);
  const fresh = appended.filter(({ seq }) => seq > known);
  if (fresh.length === 0) return window;
  const follows = window.entries.length === 0 || fresh[0]?.seq === known + 1;
  const room = atEnd || window.entries.length + fresh.length <= mostEntries + portion;
  if (!follows || !room) return { ...window, toEnd: false };
  return { ...window, entries: [...window.entries, ...fresh] };
}

/** Of the session's own log; 0 where the entries end before it. */
export function lastOwnSeq(entries: readonly Entry[]): number {
  const last = entries.at(-1);
  return last !== undefined && placeOf(last).base === null ? last.seq : 0;
}

/**
 * The window without what is far from a reader: one at its end, or one who has just come to its older or newer
 * side.
 */
export function cut(window: LogWindow, reader: 'end' | 'older' | 'newer'): LogWindow {
  const { entries } = window;
  const keep = reader === 'end' ? endEntries : mostEntries;
  if (entries.length <= keep + portion) return window;
  if (reader === 'older') return { ...window, entries: entries.slice(0, keep), toEnd: false };
  const from = headOf(entries, entries.length - keep);
  return { ...window, entries: entries.slice(from), fromStart: false, gone: null };
}

/** Near to that place where a turn begins: what goes on with something would have to stand without it. */
function headOf(entries: readonly Entry[], near: number): number {
  const at = entries.slice(near, near + portion / 2).findIndex(({ kind }) => kind === 'prompt');
  return at < 0 ? near : near + at;
}
