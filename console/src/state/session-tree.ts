import type { SessionRow } from 'turnkeep/client';

/** A line of the list: a heading of a directory, or a session at its place in the tree of its parents. */
export type ListLine =
  | { type: 'group'; key: string; title: string; hint: string; count: number }
  | { type: 'session'; key: string; row: SessionRow; depth: number; children: number };

export interface ListView {
  /** Words that all have to occur. */
  filter: string;
  archived: boolean;
  pinned: ReadonlySet<string>;
  /** Groups and parents of which only the heading is shown. */
  folded: ReadonlySet<string>;
}

/** When a session was last begun or spoken to: it does not change while an agent works, so lines keep their places. */
function turnOf({ activeRun, lastRun, createdAt }: SessionRow): string {
  return activeRun?.startedAt ?? lastRun?.startedAt ?? createdAt;
}

function fits(row: SessionRow, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = [
    row.title,
    row.label,
    row.key,
    row.cwd,
    row.originCwd,
    row.agent,
    row.model,
    row.id,
    row.status,
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The lines of the list: what is pinned first, then directories, those with the latest turn first. */
export function listLines(rows: ReadonlyMap<string, SessionRow>, view: ListView): ListLine[] {
  const words = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = [...rows.values()].filter(
    (row) => row.archived === view.archived && fits(row, words),
  );
  const ordered = shown
    .map((row) => ({ row, turn: turnOf(row) }))
    .sort((a, b) => (a.turn < b.turn ? 1 : a.turn > b.turn ? -1 : 0))
    .map(({ row }) => row);
  const present = new Set(ordered.map(({ id }) => id));
  const children = Map.groupBy(
    ordered.filter(({ parent }) => parent !== null && present.has(parent)),
    ({ parent }) => parent!,
  );
  const roots = ordered.filter(({ parent }) => parent === null || !present.has(parent));
  const pinned = roots.filter(({ id }) => view.pinned.has(id));
  const groups = Map.groupBy(
    roots.filter(({ id }) => !view.pinned.has(id)),
    // One that was written elsewhere has no directory here.
    ({ cwd, originCwd }) => (cwd === '' ? `elsewhere/${originCwd ?? ''}` : cwd),
  );
  const lines: ListLine[] = [];
  const addGroup = (key: string, title: string, hint: string, members: readonly SessionRow[]) => {
    lines.push({ type: 'group', key, title, hint, count: members.length });
    if (view.folded.has(key)) return;
    for (const row of members) addSession(row, 0);
  };
  const addSession = (row: SessionRow, depth: number) => {
    const below = children.get(row.id) ?? [];
    lines.push({ type: 'session', key: row.id, row, depth, children: below.length });
    // Nobody descends from oneself, but a log from elsewhere could say so.
    if (view.folded.has(row.id) || depth > 8) return;
    for (const child of below) addSession(child, depth + 1);
  };
  if (pinned.length > 0) addGroup('pinned', 'Pinned', '', pinned);
  for (const [cwd, members] of groups) {
    const { name, place } = nameOf(cwd);
    addGroup(`cwd:${cwd}`, name, place, members);
  }
  return lines;
}

function nameOf(cwd: string): { name: string; place: string } {
  const at = cwd.lastIndexOf('/');
  return { name: cwd.slice(at + 1) || '/', place: cwd.slice(0, Math.max(at, 0)) };
}
