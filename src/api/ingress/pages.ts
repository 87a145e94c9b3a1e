import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import type { Store } from '../../ports/store.ts';
import type { Calls } from '../calls.ts';
import { readFlag, readQuery } from '../query.ts';
import { historyOf, lastBoundary } from './segments.ts';
import { type Cursor, payloadBytes, type Step, steps } from './steps.ts';

/** What is asked for: a session that the caller may see, in the format of this agent. */
export interface Asked {
  session: string;
  format: string;
  query: URLSearchParams;
}

type Pieces = AsyncGenerator<string | Uint8Array>;

const defaultEvents = 500;
/** Small pieces are sent together. */
const pieceChars = 64 * 1024;

/** `{loglines: […]}`, oldest first, as of the moment in which it was asked for. */
export async function* logLines(calls: Calls, { session, format, query }: Asked): Pieces {
  const names = ['after_last_compact', 'after_last_compaction'] as const;
  const given = readQuery(query, names);
  const compacted = names.some((name) => given[name] !== undefined && readFlag(given[name], name));
  const { store } = calls.options;
  const history = await historyOf(calls, session, format);
  const place = compacted ? await lastBoundary(store, history) : beginning;
  const from = { ...place, parent: null };
  yield* joined(linesFrom(store, steps(store, { format, history, from })));
}

const beginning = { segment: 0, after: 0 } as const;

async function* linesFrom(store: Store, pages: AsyncGenerator<readonly Step[]>): Pieces {
  yield '{"loglines":[';
  let comma = '';
  for await (const page of pages) {
    for (const { payload } of page) {
      if (payload === null) continue;
      yield comma;
      comma = ',';
      yield await payloadBytes(store, payload);
    }
  }
  yield ']}';
}

/** A page of events; one state of the log, because entries never change and none after its end is told. */
export async function* eventPage(calls: Calls, { session, format, query }: Asked): Pieces {
  const given = readQuery(query, ['limit', 'cursor']);
  const limit = limitOf(given.limit);
  const from = cursorOf(given.cursor);
  const { store } = calls.options;
  const history = await historyOf(calls, session, format);
  yield* joined(eventsFrom(store, steps(store, { format, history, from }), limit));
}

async function* eventsFrom(
  store: Store,
  pages: AsyncGenerator<readonly Step[]>,
  limit: number,
): Pieces {
  yield '{"data":[';
  let last: Cursor | null = null;
  let count = 0;
  for await (const page of pages) {
    for (const step of page) {
      if (last !== null && count === limit) {
        yield `],"next_cursor":${JSON.stringify(cursorText(last))}}`;
        return;
      }
      if (count > 0) yield ',';
      yield* eventOf(store, step);
      count += 1;
      last = step.cursor;
    }
  }
  yield ']}';
}

async function* eventOf(store: Store, { entry, compaction, payload }: Step): Pieces {
  const event = { event_id: entry.id, event_type: entry.kind, is_compaction: compaction };
  yield `${JSON.stringify(event).slice(0, -1)},"payload":`;
  yield payload === null ? 'null' : await payloadBytes(store, payload);
  yield `,"created_at":${JSON.stringify(entry.at)}}`;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return defaultEvents;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit > 0) return Math.min(limit, limits.teleportEvents);
  throw refuse('invalid', 'limit: Give a whole number from 1 on.', { field: 'limit' });
}

const cursorPattern = /^(\d{1,3})\.(\d{1,15})(?:\.([A-Za-z0-9_-]{1,64}))?$/;

function cursorOf(text: string | undefined): Cursor {
  if (text === undefined) return { ...beginning, parent: null };
  const [whole, segment, after, parent = null] = cursorPattern.exec(text) ?? [];
  if (whole === undefined) {
    throw refuse('invalid', 'cursor: Give a next_cursor as it was told.', { field: 'cursor' });
  }
  return { segment: Number(segment), after: Number(after), parent };
}

function cursorText({ segment, after, parent }: Cursor): string {
  return [segment, after, ...(parent === null ? [] : [parent])].join('.');
}

/** Small pieces together; a large one as it is. */
async function* joined(pieces: Pieces): Pieces {
  let text = '';
  for await (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    if (typeof piece === 'string' && text.length < pieceChars) continue;
    if (text !== '') yield text;
    text = '';
    if (typeof piece !== 'string') yield piece;
  }
  if (text !== '') yield text;
}
