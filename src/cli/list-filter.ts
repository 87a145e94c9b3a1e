import type { SessionRow } from '../domain/row.ts';
import type { InputOf } from '../protocol/operations.ts';

/** Which sessions a list shows and how it is sorted; names are resolved, times are ISO 8601. */
export type ListQuery = Omit<InputOf<'sessions.list'>, 'limit' | 'cursor'>;

/** Whether the server's list would have the row by this query. Deleted ones are in no live list. */
export function isListed(row: SessionRow, query: ListQuery): boolean {
  const same = (['agent', 'label', 'parent', 'cwd', 'archived'] as const).every(
    (name) => query[name] === undefined || query[name] === row[name],
  );
  const meta = Object.entries(query.meta ?? {}).every(([name, value]) => row.meta[name] === value);
  const status = query.status === undefined || query.status.includes(row.status);
  const since = query.updatedSince === undefined || row.updatedAt >= query.updatedSince;
  return same && meta && status && since && row.deletedAt === null && hasText(row, query.text);
}

function hasText({ title, label, key, cwd }: SessionRow, text: string | undefined): boolean {
  if (text === undefined) return true;
  const wanted = text.toLowerCase();
  return [title, label, key, cwd].some((one) => one?.toLowerCase().includes(wanted) === true);
}

/** Newest first, as the server sorts. */
export function sorted(rows: Iterable<SessionRow>, sort: ListQuery['sort']): SessionRow[] {
  const at = sort === 'created' ? 'createdAt' : 'lastActivityAt';
  return [...rows].toSorted((a, b) =>
    a[at] === b[at] ? (a.id < b.id ? 1 : -1) : a[at] < b[at] ? 1 : -1,
  );
}
