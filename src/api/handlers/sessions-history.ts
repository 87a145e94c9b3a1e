import type { EntryKind } from '../../domain/entry.ts';
import type { HistoryQuery } from '../../ports/store.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { arrayText, JsonText } from '../answer.ts';
import type { Handler } from '../handler.ts';

export const sessionsHistory: Handler<'sessions.history'> = async (input, context) => {
  const session = await context.session(input.session);
  const [page, { row }] = await Promise.all([
    context.store.historyText(queryOf(session, input)),
    context.engine.get(session),
  ]);
  return JsonText.object({
    session: JSON.stringify(session),
    key: JSON.stringify(row.key),
    entries: arrayText(page.entries.map(({ json }) => json)),
    next: JSON.stringify(page.next),
    ended: JSON.stringify(page.ended),
    head: JSON.stringify(page.head),
    lastSeq: JSON.stringify(page.lastSeq),
  });
};

function queryOf(session: string, input: ParsedInputOf<'sessions.history'>): HistoryQuery {
  const { after, before, kinds, run, limit, maxBytes } = input;
  return {
    session,
    limit,
    maxBytes,
    ...(after === undefined ? { before: before ?? Number.MAX_SAFE_INTEGER } : { after }),
    ...(kinds === undefined ? {} : { kinds: kinds as EntryKind[] }),
    ...(run === undefined ? {} : { run }),
  };
}
