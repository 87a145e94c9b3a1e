import type { SessionRow } from 'turnkeep/client';

type Rows = ReadonlyMap<string, SessionRow>;

/** Sessions that began to need somebody, and those that no longer do. */
export interface Turned {
  needs: SessionRow[];
  over: string[];
}

/** What changed between two states of the list. Sessions that come into the list already waiting count, too. */
export function turned(before: Rows, after: Rows): Turned {
  const needs: SessionRow[] = [];
  const over: string[] = [];
  for (const row of after.values()) {
    const old = before.get(row.id)?.openApprovals ?? 0;
    if (row.openApprovals > old) needs.push(row);
    else if (row.openApprovals === 0 && old > 0) over.push(row.id);
  }
  for (const [id, row] of before) if (row.openApprovals > 0 && !after.has(id)) over.push(id);
  return { needs, over };
}
