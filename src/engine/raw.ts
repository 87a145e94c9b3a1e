import { refuse } from '../domain/refusal.ts';
import type { Hosts } from '../ports/hosts.ts';
import { ArchiveDamaged, type RawReader, type SentMark } from '../ports/raw.ts';
import type { RunSpan, Store } from '../ports/store.ts';
import type { Log } from './log.ts';
import { entriesOfLines } from './raw-entries.ts';
import { mergedLines, type RawFrom, type RawPart } from './raw-lines.ts';
import type { RawLineView, RawPage, RawQuery, RawSource } from './raw-page.ts';

export interface RawContext {
  store: Store;
  hosts: Hosts;
  log: Log;
}

const marksPage = 1000;

/** A page of the lines of a run in both directions, in order. Pages of one host: a run may have had several. */
export async function rawPage(
  context: RawContext,
  session: string,
  query: RawQuery,
): Promise<RawPage> {
  const row = await context.store.run(session, query.run);
  if (row === undefined) {
    throw refuse('not_found', 'The session has no run with this id.', { field: 'run' });
  }
  let at = readCursor(query.cursor);
  for (;;) {
    const spans = await context.store.runSpans(session, query.run);
    // A run of a version that kept no lines.
    if (spans.length === 0) return { lines: [], next: null, source: 'lost' };
    const span = spans[at.span];
    if (span === undefined) throw noCursor();
    const after = at.span + 1 < spans.length ? { span: at.span + 1, from: null } : null;
    const page = await spanPage(context, { session, span, from: at.from, query, end: row.endedAt });
    if (page === 'moved') continue;
    const next = page.next === null ? after : { span: at.span, from: page.next };
    const { lines, source } = page;
    const nothing = lines.length === 0 && (source === 'here' || source === 'live');
    if (next === null || !nothing) return { lines, source, next: next && cursorOf(next) };
    at = next;
  }
}

interface SpanQuery {
  session: string;
  span: RunSpan;
  from: RawFrom | null;
  query: RawQuery;
  /** When the run ended: no line of it is later. */
  end: string | null;
}

interface SpanPage {
  lines: readonly RawLineView[];
  next: RawFrom | null;
  source: RawSource;
}

/** `moved`: the files were archived between two looks. */
async function spanPage(context: RawContext, asked: SpanQuery): Promise<SpanPage | 'moved'> {
  const { host, files } = asked.span;
  switch (files) {
    case 'expired':
    case 'lost':
    case 'withheld':
      return { lines: [], next: null, source: files };
    case 'nothing':
      return { lines: [], next: null, source: 'here' };
    case 'open':
    case 'ended': {
      const reader = await context.hosts.raw(host);
      const source = files === 'open' ? 'live' : 'here';
      // A host that is being launched has no directory yet; one that is settled has none any more.
      if (reader === undefined) {
        const again = await context.store.runSpans(asked.session, asked.query.run);
        const now = again.find((span) => span.host === host)?.files;
        return now === files ? { lines: [], next: null, source } : 'moved';
      }
      const marks = (offset: number): Promise<readonly SentMark[]> =>
        context.store.inputMarks(host, offset, marksPage);
      return closing(reader, () => linesPage(context, asked, { reader, marks, source }));
    }
    case 'archived':
      return archivedPage(context, asked);
  }
}

async function archivedPage(context: RawContext, asked: SpanQuery): Promise<SpanPage> {
  const { host } = asked.span;
  try {
    const archive = await context.hosts.archived(host);
    if (archive === undefined) return { lines: [], next: null, source: 'lost' };
    const marks = (offset: number): Promise<readonly SentMark[]> =>
      archive.marks(offset, marksPage);
    return await closing(archive, () =>
      linesPage(context, asked, { reader: archive, marks, source: 'here' }),
    );
  } catch (error) {
    if (!(error instanceof ArchiveDamaged)) throw error;
    context.log('archive.damaged', { host, message: error.message });
    return { lines: [], next: null, source: 'lost' };
  }
}

async function closing<Value>(reader: RawReader, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } finally {
    await reader.close();
  }
}

interface Opened {
  reader: RawReader;
  marks: (offset: number) => Promise<readonly SentMark[]>;
  source: RawSource;
}

async function linesPage(context: RawContext, asked: SpanQuery, opened: Opened): Promise<SpanPage> {
  const { session, span, query, end } = asked;
  const part: RawPart = {
    reader: opened.reader,
    run: query.run,
    begin: asked.from ?? { out: span.begin.output, in: span.begin.sent },
    end: span.end && { out: span.end.output, in: span.end.sent },
    // What an agent has not finished yet is no line; what it never finished is one.
    whole: span.files !== 'open',
    directions: query.direction === undefined ? ['in', 'out'] : [query.direction],
    marks: opened.marks,
  };
  const taken = await mergedLines(part, query);
  const { lines, dropped } = await entriesOfLines(context.store, taken.lines, {
    session,
    host: span.host,
    before: [span.end === null ? null : end, taken.sentAfter],
  });
  return { lines, next: dropped ?? taken.next, source: opened.source };
}

interface Cursor {
  span: number;
  from: RawFrom | null;
}

function cursorOf({ span, from }: Cursor): string {
  return from === null ? `${span}` : `${span}.${from.out}.${from.in}`;
}

function readCursor(text: string | undefined): Cursor {
  if (text === undefined) return { span: 0, from: null };
  const [, span, out, sent] = /^(\d{1,6})(?:\.(\d{1,15})\.(\d{1,15}))?$/.exec(text) ?? [];
  if (span === undefined) throw noCursor();
  const from = out === undefined ? null : { out: Number(out), in: Number(sent) };
  return { span: Number(span), from };
}

function noCursor(): Error {
  return refuse('invalid', 'This is no cursor of this run.', { field: 'cursor' });
}
