import type { Entry, EntryKind, RunOutcome } from '../domain/entry.ts';
import type { Money, Tokens, UsageGroup } from '../domain/usage.ts';

/** What the store is asked for, and the pages that it answers. */

export interface HistoryQuery {
  session: string;
  /** Entries with seq > after, oldest first; or seq < before, newest first. Exactly one is given. */
  after?: number;
  before?: number;
  kinds?: readonly EntryKind[];
  run?: string;
  /**
   * Only what is on the path from the head, or from the node `to`, back to the root, and what belongs to
   * it. A node is on the path where it is reached by `parentId`. Another entry belongs to the first of these
   * that there are: the nodes that are `about` it (a prompt's delivery); the node that it is `about`; the
   * nodes that are `about` the same; the nodes of its run. It is left out where none of them is on the path,
   * and shown where there are none, or where the run lies on more than 256 branches. A way that is broken by
   * damage hides nothing before the break. A page may hold fewer entries than there is room for, even none,
   * with a `next`: it looks at so many and no more.
   */
  path?: true | { to: string };
  /** At most this many entries (1 to 1000) and about this many bytes of data; at least one entry. */
  limit: number;
  maxBytes: number;
}
export interface HistoryPage {
  entries: readonly Entry[];
  /** Cursor for the next page in the same direction, null at the end of the log. */
  next: number | null;
  ended: 'end' | 'limit' | 'bytes';
  head: string | null;
  lastSeq: number;
}
export interface HistoryTextPage extends Omit<HistoryPage, 'entries'> {
  entries: readonly { seq: number; json: string }[];
}

export interface SessionQuery {
  status?: readonly string[];
  agent?: string;
  label?: string;
  cwd?: string;
  parent?: string;
  archived?: boolean;
  /** Deleted ones instead of the others. */
  deleted?: boolean;
  meta?: { readonly [name: string]: string };
  /** Found in title, label, key or directory, without regard to case. */
  text?: string;
  updatedSince?: string;
  /** Only these sessions (a token that is bound to sessions). */
  sessions?: readonly string[];
  /** Newest first by creation (immutable: the cursor is stable), or by last activity with `asOf`. */
  sort: 'created' | 'activity';
  limit: number;
  cursor?: string;
}
export interface SessionRow {
  session: string;
  /** The row as clients see it, as JSON text. */
  row: string;
}
export interface SessionPage {
  rows: readonly SessionRow[];
  next: string | null;
  /** Rows touched after this time may have moved; `sessions.changed` tells of them. */
  asOf: string;
}

export interface RunQuery {
  session?: string;
  sessions?: readonly string[];
  outcome?: RunOutcome;
  open?: boolean;
  limit: number;
  /** Opaque; newest first. */
  cursor?: string;
}
/** A run as the entries `run_started` and `run_ended` tell it; kept by the store in the same transaction. */
export interface RunRow {
  session: string;
  run: string;
  trigger: 'prompt' | 'agent';
  startedAt: string;
  startedSeq: number;
  endedAt: string | null;
  endedSeq: number | null;
  outcome: RunOutcome | null;
  /** JSON text of the terminal entry's data, null while open. */
  ended: string | null;
}
export interface RunPage {
  runs: readonly RunRow[];
  next: string | null;
}

export type SnapshotEntry = Extract<Entry, { kind: 'snapshot' }>;
export interface SnapshotQuery {
  session: string;
  path?: string;
  /** The entry that they are about: the first state of a tool call, or a restoration. */
  call?: string;
  run?: string;
  changes: 'read' | 'write' | 'all';
  limit: number;
  /** Those with a smaller seq. */
  before?: number;
}
export interface SnapshotPage {
  entries: readonly SnapshotEntry[];
  next: number | null;
}
export interface SnapshotSpanQuery {
  session: string;
  call?: string;
  run?: string;
  limit: number;
  /** Paths after this one. */
  after?: string;
}
export interface SnapshotSpanPage {
  files: readonly { path: string; first: SnapshotEntry; last: SnapshotEntry }[];
  next: string | null;
}

export interface UsageQuery {
  /** One to three of them, each once. */
  by: readonly UsageGroup[];
  /** Days (`2026-01-31`, UTC), both included. */
  since?: string;
  until?: string;
  /** Only these sessions. */
  sessions?: readonly string[];
  agent?: string;
  limit: number;
  /** Opaque. Days and sessions are newest first, other groups by their names. */
  cursor?: string;
}
export interface UsageSum {
  tokens: Tokens;
  /** One for each currency; none where no agent has named a price. */
  cost: readonly Money[];
  /** Runs with a report. One that is in several groups counts in each. */
  runs: number;
  reports: number;
}
/** Agent and directory are those that the session has now; the day is that of the report, in UTC. */
export interface UsageRow extends UsageSum {
  session?: string;
  /** Of the session; only with it. */
  title?: string | null;
  agent?: string;
  /** Null where the agent did not name it. */
  model?: string | null;
  day?: string;
  directory?: string;
}
export interface UsageSummary {
  rows: readonly UsageRow[];
  /** Of all groups, not of this page. */
  total: UsageSum;
  next: string | null;
}
