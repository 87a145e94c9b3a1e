import type { HistoryTextPage } from '../ports/store.ts';
import type { ExportedSession, FormatPorts } from './format.ts';

const page = { limit: 500, maxBytes: 128 * 1024 };

/** The log as it was when the export began, page by page: what is added meanwhile is not in it. */
export async function* logPages(
  store: FormatPorts['store'],
  { id, lastSeq, after: first = 0 }: ExportedSession,
): AsyncGenerator<HistoryTextPage['entries']> {
  for (let after: number | null = first; after !== null && after < lastSeq;) {
    const found: HistoryTextPage = await store.historyText({ session: id, after, ...page });
    const entries = found.entries.filter(({ seq }) => seq <= lastSeq);
    if (entries.length > 0) yield entries;
    after = found.next;
  }
}
