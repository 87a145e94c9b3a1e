import { isObject, type JsonObject } from '../../domain/json.ts';
import type { IngressAccess } from './access.ts';
import { Deadline } from './deadline.ts';
import { JsonCutter, NotThatJson, parsedJson } from './json-cutter.ts';
import { uuidOf } from './line.ts';
import { readPage, type PageEnd } from './pages.ts';
import { ingressPath } from './put.ts';
import type { ReadEnd } from './reading.ts';

/** An entry as it was stored. */
export interface LogEntry {
  /** Its very text. */
  text: string;
  value: JsonObject;
  uuid: string | null;
}

/** An entry with what its server says of it. */
export interface LogEvent {
  id: string | null;
  type: string;
  isCompaction: boolean;
  /** Null where it is nothing that an agent remembers. */
  entry: LogEntry | null;
  createdAt: string | null;
}

export interface ReadBounds {
  deadlineMs: number;
  signal: AbortSignal;
}

/** The entries of a log, oldest first, in one answer. */
export async function* loglines(
  access: IngressAccess,
  session: string,
  { afterLastCompaction, ...bounds }: ReadBounds & { afterLastCompaction: boolean },
): AsyncGenerator<LogEntry, ReadEnd, undefined> {
  const query = afterLastCompaction ? '?after_last_compact=true' : '';
  const page = { path: `${ingressPath(session)}${query}`, array: 'loglines' };
  const deadline = new Deadline(access.pace, bounds.deadlineMs);
  let entries = 0;
  try {
    const read = readPage(access, page, { deadline, signal: bounds.signal });
    for (;;) {
      const { done, value } = await read.next();
      if (done === true) return endOf(value, entries);
      const entry = entryOf(value);
      if (entry === null) return { complete: false, why: 'nonsense', entries };
      entries += 1;
      yield entry;
    }
  } finally {
    deadline.end();
  }
}

export interface EventsOf extends ReadBounds {
  /** Where an earlier reading has stopped. */
  cursor: string | null;
  pageEntries: number;
  pages: number;
}

/** The events of a log, page by page; from servers without such pages, its entries. */
export async function* events(
  access: IngressAccess,
  session: string,
  { cursor: from, pageEntries, pages, ...bounds }: EventsOf,
): AsyncGenerator<LogEvent, ReadEnd, undefined> {
  let cursor = from;
  let entries = 0;
  for (let number = 0; number < pages; number += 1) {
    const path = eventsPath(session, { limit: pageEntries, cursor });
    const deadline = new Deadline(access.pace, bounds.deadlineMs);
    try {
      const read = readPage(access, { path, array: 'data' }, { deadline, signal: bounds.signal });
      for (;;) {
        const { done, value } = await read.next();
        if (done !== true) {
          const event = eventOf(value);
          if (event === null) return { complete: false, why: 'nonsense', entries, cursor };
          entries += 1;
          yield event;
          continue;
        }
        if (!value.whole) {
          if (value.why === 'missing' && cursor === null) {
            return yield* eventsOfLines(access, session, bounds);
          }
          const end = endOf(value, entries);
          return end.complete ? end : { ...end, cursor };
        }
        access.onEvent('page', { status: 200, attempt: number + 1 });
        const next = nextOf(value.others);
        if (next === null) return { complete: true, entries };
        if (next === cursor) return { complete: false, why: 'nonsense', entries, cursor };
        cursor = next;
        break;
      }
    } finally {
      deadline.end();
    }
  }
  return { complete: false, why: 'page_limit', entries, cursor };
}

function eventsPath(
  session: string,
  { limit, cursor }: { limit: number; cursor: string | null },
): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (cursor !== null) query.set('cursor', cursor);
  return `/v1/code/sessions/${encodeURIComponent(session)}/teleport-events?${query.toString()}`;
}

async function* eventsOfLines(
  access: IngressAccess,
  session: string,
  bounds: ReadBounds,
): AsyncGenerator<LogEvent, ReadEnd, undefined> {
  access.onEvent('fell_back', { status: 404, attempt: 1 });
  const read = loglines(access, session, { ...bounds, afterLastCompaction: false });
  for (;;) {
    const { done, value } = await read.next();
    if (done === true) return value;
    const { type, subtype, timestamp } = value.value;
    yield {
      id: value.uuid,
      type: typeof type === 'string' ? type : '',
      isCompaction: subtype === 'compact_boundary',
      entry: value,
      createdAt: typeof timestamp === 'string' ? timestamp : null,
    };
  }
}

function endOf(end: PageEnd, entries: number): ReadEnd {
  if (end.whole) return { complete: true, entries };
  if (end.why === 'missing') {
    return { complete: false, why: entries === 0 ? 'not_found' : 'gone', entries };
  }
  return { complete: false, why: end.why, entries };
}

/** An empty cursor is none. */
function nextOf(others: ReadonlyMap<string, string>): string | null {
  const text = others.get('next_cursor');
  const next = text === undefined ? null : parsedJson(text);
  return typeof next === 'string' && next !== '' ? next : null;
}

function entryOf(text: string): LogEntry | null {
  const value = read(text);
  return isObject(value) ? { text, value, uuid: uuidOf(value) } : null;
}

function eventOf(text: string): LogEvent | null {
  const value = read(text);
  if (!isObject(value)) return null;
  const { event_id: id, event_type: type, is_compaction: compaction, created_at: at } = value;
  return {
    id: typeof id === 'string' ? id : null,
    type: typeof type === 'string' ? type : '',
    isCompaction: compaction === true,
    // Its very text, and not what a parser makes of it.
    entry: isObject(value['payload']) ? entryOf(memberOf(text, 'payload')) : null,
    createdAt: typeof at === 'string' ? at : null,
  };
}

function memberOf(text: string, name: string): string {
  const cutter = new JsonCutter('', text.length + 1);
  Array.from(cutter.push(text));
  return cutter.others.get(name) ?? 'null';
}

function read(text: string): unknown {
  try {
    return parsedJson(text);
  } catch (error) {
    if (error instanceof NotThatJson) return null;
    throw error;
  }
}
