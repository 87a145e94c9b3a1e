import type { EntryKind } from '../../domain/entry.ts';
import { refuse } from '../../domain/refusal.ts';
import { forkOf, longestChain } from '../../engine/ancestry.ts';
import { withoutLine } from '../../engine/entry-frames.ts';
import type { HistoryQuery, HistoryTextPage } from '../../ports/store.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { arrayText, JsonText } from '../answer.ts';
import type { Context, Handler } from '../handler.ts';

type Input = ParsedInputOf<'sessions.history'>;

export const sessionsHistory: Handler<'sessions.history'> = async (input, context) => {
  const session = await context.session(input.session);
  const { row, boundary } = await context.engine.get(session);
  const from = input.afterLastCompaction ? (boundary ?? 1) : 1;
  const place = await placeOf(session, input, context);
  const after = input.after === undefined ? undefined : Math.max(input.after, from - 1);
  const page = bounded(await read(place, { ...input, after }, context), input, from);
  const inherited = from > 1 ? null : await goesOn(place, page, { input, context });
  const own = place.session === session;
  const asked = input.kinds?.includes('native') === true;
  const texts = page.entries.map(({ json }) => {
    const text = asked ? json : withoutLine(json);
    return own ? text : marked(text, place.session);
  });
  return JsonText.object({
    session: JSON.stringify(session),
    key: JSON.stringify(row.key),
    entries: arrayText(texts),
    next: JSON.stringify(own ? page.next : null),
    ended: JSON.stringify(page.ended),
    inherited: JSON.stringify(inherited),
    head: JSON.stringify(own ? page.head : row.head),
    lastSeq: JSON.stringify(own ? page.lastSeq : row.lastSeq),
  });
};

/** Where a page is read: in the session's own log, or in one that it was forked from. */
interface Place {
  session: string;
  before: number;
  /** Of an inherited log: the entry at which it was forked, where that is a node. */
  to?: string;
}

async function placeOf(session: string, input: Input, context: Context): Promise<Place> {
  const { inherited, before = Number.MAX_SAFE_INTEGER } = input;
  if (inherited === undefined) return { session, before };
  // Only as much of the base as the fork shares, whatever the caller says.
  let log = await forkOf(context.store, session);
  // Imported logs say what they like of their bases.
  for (let chain = 0; log !== null && chain < longestChain; chain++) {
    if (log.session === inherited.session) {
      const to = log.entry === null ? {} : { to: log.entry };
      return { session: log.session, before: Math.min(inherited.before, log.seq + 1), ...to };
    }
    log = await forkOf(context.store, log.session);
  }
  throw refuse('not_found', 'The session was not forked from that log.', { field: 'inherited' });
}

async function read(place: Place, input: Input, context: Context): Promise<HistoryTextPage> {
  const { after, kinds, run, limit, maxBytes, path } = input;
  const query: HistoryQuery = {
    session: place.session,
    limit,
    maxBytes,
    ...(after === undefined ? { before: place.before } : { after }),
    ...(kinds === undefined ? {} : { kinds: kinds as EntryKind[] }),
    ...(run === undefined ? {} : { run }),
    ...(path ? { path: place.to === undefined ? true : { to: place.to } } : {}),
  };
  return context.store.historyText(query);
}

/** A page without what lies before a boundary. */
function bounded(page: HistoryTextPage, input: Input, from: number): HistoryTextPage {
  const entries = page.entries.filter(({ seq }) => seq >= from);
  if (input.after !== undefined || entries.length === page.entries.length)
    return { ...page, entries };
  return { ...page, entries, next: null, ended: 'end' };
}

/** The next page of a history that goes on in another log; only backwards. */
async function goesOn(
  place: Place,
  page: HistoryTextPage,
  { input, context }: { input: Input; context: Context },
): Promise<Place | null> {
  if (input.after !== undefined) return null;
  const own = input.inherited === undefined;
  if (page.next !== null) return own ? null : { session: place.session, before: page.next };
  const base = await forkOf(context.store, place.session);
  return base === null ? null : { session: base.session, before: base.seq + 1 };
}

/** The entry's text with the session whose log it is from. */
function marked(json: string, session: string): string {
  return `{"inherited":${JSON.stringify(session)},${json.slice(1)}`;
}
