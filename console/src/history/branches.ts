import type { Client, Entry, SessionRow } from 'turnkeep/client';

/** A part of a log: the entries of one session after one and up to another. */
interface Stretch {
  session: string;
  after: number;
  /** Null for all that there are. */
  to: number | null;
}

/** Where two branches part, and what each has from there on. */
export interface Parted {
  /** The session and the last entry that both have; null where they have nothing in common. */
  common: { session: string; seq: number } | null;
  sides: readonly [Branch, Branch];
}

export interface Branch {
  entries: readonly { session: string; entry: Entry }[];
  /** There are more than are shown. */
  more: boolean;
}

const mostEntries = 400;
const mostGenerations = 50;

/** The logs that make up the history of a session, the oldest first. */
async function lineOf(client: Client, row: SessionRow, signal: AbortSignal): Promise<Stretch[]> {
  const line: Stretch[] = [{ session: row.id, after: 0, to: null }];
  let { forkedFrom } = row;
  while (forkedFrom !== null && line.length < mostGenerations) {
    line.unshift({ session: forkedFrom.session, after: 0, to: forkedFrom.seq });
    const base = await client.sessions.get({ session: forkedFrom.session }, { signal });
    ({ forkedFrom } = base.session);
  }
  return line;
}

export async function parted(
  client: Client,
  [one, other]: readonly [SessionRow, SessionRow],
  signal: AbortSignal,
): Promise<Parted> {
  const [left, right] = await Promise.all([
    lineOf(client, one, signal),
    lineOf(client, other, signal),
  ]);
  let at = 0;
  let common: Parted['common'] = null;
  for (; left[at] !== undefined && left[at]?.session === right[at]?.session; at++) {
    const { session } = left[at]!;
    const ends = [left[at]!.to, right[at]!.to].filter((to) => to !== null);
    common = { session, seq: Math.min(...ends) };
    // Only where both go on in forks of the same place there is more in common.
    if (left[at]!.to !== right[at]!.to) break;
  }
  const rest = (line: readonly Stretch[]): Stretch[] => {
    const from = line.findIndex(({ session }) => session === common?.session);
    if (from < 0 || common === null) return [...line];
    const { seq } = common;
    return line.slice(from).map((part, index) => (index === 0 ? { ...part, after: seq } : part));
  };
  return {
    common,
    sides: await Promise.all([
      branchOf(client, rest(left), signal),
      branchOf(client, rest(right), signal),
    ]),
  };
}

async function branchOf(
  client: Client,
  line: readonly Stretch[],
  signal: AbortSignal,
): Promise<Branch> {
  const entries: { session: string; entry: Entry }[] = [];
  for (const { session, after, to } of line) {
    for (let next: number | null = after; next !== null;) {
      const asked = { session, after: next, limit: 200 };
      const page = await client.sessions.history(asked, { signal });
      for (const entry of page.entries) {
        if (to === null || entry.seq <= to) entries.push({ session, entry });
      }
      const passed = to !== null && (page.entries.at(-1)?.seq ?? to) >= to;
      next = passed ? null : page.next;
      if (entries.length > mostEntries)
        return { entries: entries.slice(0, mostEntries), more: true };
    }
  }
  return { entries, more: false };
}

/** Sessions that share a beginning with this one: its base, its forks, and theirs. */
export function relatives(
  row: SessionRow,
  rows: ReadonlyMap<string, SessionRow>,
): readonly SessionRow[] {
  const rootOf = (one: SessionRow): string => {
    let root = one;
    for (let depth = 0; root.forkedFrom !== null && depth < mostGenerations; depth++) {
      const base = rows.get(root.forkedFrom.session);
      if (base === undefined) return root.forkedFrom.session;
      root = base;
    }
    return root.id;
  };
  const root = rootOf(row);
  return [...rows.values()].filter((one) => one.id !== row.id && rootOf(one) === root);
}
