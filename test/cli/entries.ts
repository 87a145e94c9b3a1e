import type { EntryDataByKind, EntryKind, EntryOf } from '../../src/domain/entry.ts';

/** An entry to render: what the test says, and something plausible for the rest. */
export function entryOf<Kind extends EntryKind>(
  kind: Kind,
  data: EntryDataByKind[Kind],
  more: object = {},
): EntryOf<Kind> & { digest: string } {
  const by = { type: 'server' as const };
  const at = '2026-01-01T00:00:00.000Z';
  const entry = { seq: 1, id: 'e1', kind, at, by, digest: '', data, ...more };
  return entry as unknown as EntryOf<Kind> & { digest: string };
}

export const textContent = (text: string) => [{ type: 'text' as const, text }];
