import type { BlobRef } from '../domain/content.ts';
import type { Entry, EntryKind, NewEntry } from '../domain/entry.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Secrets } from '../domain/settings.ts';
import type { PolicyChangeRow, PolicyRow } from './policies.ts';
import type { BudgetStore } from './budgets.ts';
import type { EventStore } from './hooks.ts';
import type { MoveStore } from './moves.ts';
import type { SentMark } from './raw.ts';
import type {
  HistoryPage,
  HistoryQuery,
  HistoryTextPage,
  RunPage,
  RunQuery,
  RunRow,
  SessionPage,
  SessionQuery,
  SessionRow,
  SnapshotPage,
  SnapshotQuery,
  SnapshotSpanPage,
  SnapshotSpanQuery,
  UsageQuery,
  UsageSummary,
} from './store-queries.ts';

export type * from './store-queries.ts';

/**
 * The durable log and what is kept beside it. Every write goes through `append`, one call of which is one
 * transaction over any number of sessions (group commit); a promise resolves only after the fsync.
 * A failed fsync never resolves: the adapter calls its `onFatal` and the process ends.
 */
export interface Store {
  /** One verdict per batch, in order. One session's refusal never fails another's batch. */
  append(batches: readonly AppendBatch[]): Promise<readonly Verdict[]>;

  /** What an actor loads: the state row and the hosts that have not ended. Undefined for no such session. */
  load(session: string): Promise<LoadedSession | undefined>;
  entry(session: string, id: string): Promise<Entry | undefined>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  /** The same page with every entry as its JSON text, for feeds and exports. */
  historyText(query: HistoryQuery): Promise<HistoryTextPage>;
  sessions(query: SessionQuery): Promise<SessionPage>;
  /** The session and those that it descends from, nearest first. */
  lineage(session: string): Promise<readonly string[]>;
  /** The sessions with all that descend from them, nearest first; at most `limits.familySessions`. */
  family(sessions: readonly string[]): Promise<readonly string[]>;
  /** How many sessions that are not deleted have each of these as their parent; absent for none. */
  children(sessions: readonly string[]): Promise<{ readonly [session: string]: number }>;
  /** The secrets of a session: values of its variables and of its MCP servers. */
  secrets(session: string): Promise<Secrets>;
  /**
   * The first of the last `back` nodes on the way to the head after `after` (a seq), null where there are
   * fewer; and how many there are in all after it, counted no further than `back + 1`.
   */
  nodeBack(
    session: string,
    query: { after: number; back: number },
  ): Promise<{ count: number; node: { id: string; seq: number } | null }>;
  /** Sessions whose purge was cut off, and those whose time to be purged has come; at most 100. */
  purgeable(at: string): Promise<readonly string[]>;
  /**
   * Removes a deleted session for good: log, state, secrets, blobs that nobody else names, from the
   * write-ahead log and free pages too. In many small transactions; it cannot be read from the first one on,
   * and its id stays taken. Answers the hosts whose archives are to go. Repeatable: one that was cut off goes
   * on, one that is done answers the same. Refused: `conflict` where it is not deleted, `busy` while a host
   * of it has not ended, `unavailable` where a read of many seconds held the log (it is `purgeable` then).
   */
  purge(session: string): Promise<readonly string[]>;
  /** Whether there was a session with that id whose purge is done, or has begun. */
  purged(session: string): Promise<boolean>;
  /**
   * Rows that a name may mean: by id, key, label, unique id prefix, exact title or native id (earlier ones
   * too); at most 20. Deleted sessions are not among them.
   */
  resolve(name: string): Promise<readonly SessionRow[]>;
  runs(query: RunQuery): Promise<RunPage>;
  run(session: string, run: string): Promise<RunRow | undefined>;
  /** What sessions used, by groups; of each report the last with its key. */
  usage(query: UsageQuery): Promise<UsageSummary>;
  /** Open approvals and questions, oldest first. */
  openApprovals(query: {
    sessions?: readonly string[];
    limit: number;
  }): Promise<readonly OpenApproval[]>;

  /** The decision or answer about an approval or question; undefined while there is none. */
  decisionOf(session: string, approval: string): Promise<Entry | undefined>;

  /** Files before and after tool calls, newest first. */
  snapshots(query: SnapshotQuery): Promise<SnapshotPage>;
  /** Of each file that was written the first and the last snapshot, in the order of the paths. */
  snapshotSpans(query: SnapshotSpanQuery): Promise<SnapshotSpanPage>;
  /** Restorations that have begun and not ended. */
  openRestores(): Promise<readonly { session: string; entry: string }[]>;

  /** Hosts that have not ended, for the recovery at start. */
  openHosts(): Promise<readonly HostRow[]>;
  /** The bytes of a host's input from `offset` on, at most `maxBytes`. */
  hostInputs(host: string, offset: number, maxBytes: number): Promise<Uint8Array>;

  /** Hosts that have ended and whose files are not settled yet, in the order of their launch. */
  endedHosts(): Promise<readonly { host: string; ingested: number; withheld: boolean }[]>;
  /**
   * Says where the files of an ended host are from now on, and forgets its input. Repeatable. False where
   * nothing is known of it any more: its session was purged.
   */
  settleHost(host: string, files: SettledFiles): Promise<boolean>;
  /** Marks of a host's stored input, from the one that holds `offset` on; none once it is settled. */
  inputMarks(host: string, offset: number, limit: number): Promise<readonly SentMark[]>;
  /** Where in which hosts' files a run is, in order. */
  runSpans(session: string, run: string): Promise<readonly RunSpan[]>;
  /** Entries whose ids lie in `from` (included) to `before`, in the order of their ids. */
  entriesBetween(query: {
    session: string;
    from: string;
    before: string;
    limit: number;
  }): Promise<readonly EntryMark[]>;
  /** Those of the ids that are entries of the session. */
  entriesNamed(session: string, ids: readonly string[]): Promise<readonly EntryMark[]>;

  /**
   * `digest` is that of the bytes, where the caller has computed it already; a wrong one is found when the
   * blob is read. However large the blob, neither call holds up the calling thread.
   */
  putBlob(bytes: Uint8Array, digest?: string): Promise<BlobRef>;
  getBlob(digest: string): Promise<Uint8Array | undefined>;

  /**
   * Keeps bytes that come in pieces as a blob that `owner` may name in prompts, for `limits.uploadMs`; one
   * that is named then stays. Refused: `invalid` where the digest is another one, `limited` where too much
   * waits to be named.
   */
  upload(
    pieces: AsyncIterable<Uint8Array>,
    given: { owner: string; digest?: string },
  ): Promise<BlobRef>;
  /**
   * Size of a blob that may be named: that `owner` (null: anybody) has put, or that the log of the session
   * names already. Undefined where there is none such.
   */
  nameable(
    digest: string,
    by: { owner: string | null; session: string | null },
  ): Promise<number | undefined>;
  /** None of these blobs is removed while `act` runs. */
  keeping<Result>(digests: readonly string[], act: () => Promise<Result>): Promise<Result>;
  /** Removes blobs that were put and that no entry has named in their time. */
  removeUploads(): Promise<void>;

  /** Whether the log of the session names the blob, or the part of another that it was forked from. */
  references(session: string, digest: string): Promise<boolean>;

  tokens: TokenStore;
  events: EventStore;
  budgets: BudgetStore;
  moves: MoveStore;
  policies: PolicyStore;
  /** Sessions with a bypass whose end is not in their logs, and when it comes. */
  bypassed(): Promise<readonly { session: string; until: string }[]>;
  /** Checks the database and every digest of the given session (or of all); lists what is wrong. */
  check(session?: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What one actor wants to be stored, all or nothing. */
export interface AppendBatch {
  session: string;
  /** The writer's epoch; a batch with another one than the session's is `fenced`. */
  epoch: number;
  /** Set for the first batch of a session: the row is created in the same transaction. */
  create?: { key: string | null };
  /** Refused as `conflict` unless the log is exactly there. */
  expect?: { head: string | null } | { seq: number };
  /** Entries in order, with their digests; the store gives the seqs. */
  entries: readonly { entry: NewEntry; digest: string }[];
  /** The actor's bounded state after these entries. */
  state?: { version: number; json: string; columns: SessionColumns };
  /** Values by name that are kept beside the log; null takes one away. */
  secrets?: { readonly [name: string]: string | null };
  /** A new epoch that this batch puts in force (it carries the old one in `epoch`). */
  raiseEpoch?: number;
  hosts?: readonly HostChange[];
  /** Bytes for hosts' stdin, at the offset where they belong. Refused unless they continue what is there. */
  inputs?: readonly HostInput[];
  spans?: readonly SpanChange[];
  /** Ids of its entries of which hooks are notified. */
  events?: readonly string[];
  /** Rules that a decision makes, put before those of its directory: in force with its entry, or neither is. */
  rules?: readonly Omit<PolicyChangeRow, 'revision'>[];
  /** Id of its entry with which files begin to be put back on this machine, and not only in a log from elsewhere. */
  restoration?: string;
  /** The session has moved here with these entries: nothing more of it is expected. */
  arrived?: true;
}

/** The size of its mark is that of its bytes. */
export type HostInput = Omit<SentMark, 'size'> & { host: string; bytes: Uint8Array };

/** A place in a host's files: so much output was folded, so much input stored. */
export interface RawPlace {
  host: string;
  output: number;
  sent: number;
}

/** A run begins or ends to be the one that works in a host. A repeated one changes nothing. */
export type SpanChange = { run: string; change: 'begin' | 'end' } & RawPlace;

/**
 * Where the files of a host are: in its directory while it works (`open`) and until they are archived
 * (`ended`); `nothing` was never written; `expired` by the limits of what is kept; `lost` to a failure;
 * `withheld`: a before-commit hook saw what came of them, and they are removed at the host's end.
 */
export type HostFiles = 'open' | 'ended' | SettledFiles;
export type SettledFiles = 'archived' | 'nothing' | 'expired' | 'lost' | 'withheld';

/** The part of a host's files that belongs to a run; the end is null while the run is open in it. */
export interface RunSpan {
  host: string;
  files: HostFiles;
  begin: { output: number; sent: number };
  end: { output: number; sent: number } | null;
}

/** That there is an entry, without what it says. */
export interface EntryMark {
  seq: number;
  id: string;
  kind: EntryKind;
  at: string;
}

/** Columns of a session's row by which lists filter and sort; derived from the state. */
export interface SessionColumns {
  key: string | null;
  agent: string;
  cwd: string;
  title: string | null;
  label: string | null;
  nativeId: string | null;
  parent: string | null;
  status: string;
  archived: boolean;
  deletedAt: string | null;
  /** When a deleted session is purged. */
  purgeAt: string | null;
  /** Until when nothing is asked about in it. */
  bypassUntil: string | null;
  createdAt: string;
  updatedAt: string;
  lastActivityAt: string;
  meta: { readonly [name: string]: string };
  /** The row as clients see it, as JSON text. */
  row: string;
}

/**
 * Order of checks, all inside the transaction (L4): duplicate, fenced, conflict, insert.
 * - `duplicate`: every entry of the batch is known with the same content; nothing was written.
 * - `stored`: `known` entries at the beginning were known already; the rest got seqs from `firstSeq` on.
 * - `refused`: a known id with other content (`id_reused`), known entries that are no prefix, a second
 *   terminal for a run, an entry after its run's terminal, a key that is taken, a parent that has too many
 *   children or descends from too many sessions (`limited`), inputs that do not continue, or an entry that breaks the format; `index` names the entry. Nothing was written.
 */
export type Verdict =
  | { status: 'stored'; firstSeq: number; lastSeq: number; head: string | null; known: number }
  | { status: 'duplicate'; seqs: readonly number[]; head: string | null }
  | { status: 'fenced'; epoch: number }
  | { status: 'conflict'; head: string | null; seq: number; epoch: number }
  | { status: 'refused'; refusal: Refusal; index?: number };

export interface LoadedSession {
  session: string;
  epoch: number;
  lastSeq: number;
  head: string | null;
  stateVersion: number;
  state: string;
  hosts: readonly HostRow[];
}

/**
 * What it takes to read on in a host's spool. The log has its `host` entries, its claim file the processes.
 * There is a row only until its end is stored: nobody reads on after that. Its input stays until its files
 * are settled.
 */
export interface HostRow {
  host: string;
  session: string;
  /** What it was opened with (JSON text of the agent port's OpenSpec): the decoder's initial state. */
  spec: string;
  decoderVersion: number;
  /** Spool bytes before this are stored. */
  ingested: number;
  /** Decoding after a restart begins here, from `snapshot`; output before `ingested` is suppressed. */
  replayFrom: number;
  /** JSON text of decoder state and partials as of `replayFrom`; null for the initial state. */
  snapshot: string | null;
  /** End of the input that is stored for it. */
  inputEnd: number;
  /** A before-commit hook sees what it says: its files are not kept. */
  withheld: boolean;
}

/**
 * Creates the row when `phase` is `intended` and it does not exist, and removes it when it is `ended`;
 * otherwise changes the named fields.
 */
export type HostChange = { host: string; phase?: 'intended' | 'ended' } & Partial<
  Omit<HostRow, 'host' | 'session' | 'inputEnd'>
>;

/** An approval or question without its decision; kept by the store in the same transaction. */
export interface OpenApproval {
  session: string;
  entry: Entry;
}

/** Rules of directories and those that hold everywhere. */
export interface PolicyStore {
  list(): Promise<readonly PolicyRow[]>;
  set(change: PolicyChangeRow): Promise<PolicyRow>;
}

export interface TokenStore {
  /** Keeps the digest (hex SHA-256) only. */
  create(token: TokenRow): Promise<void>;
  byDigest(digest: string): Promise<TokenRow | undefined>;
  list(): Promise<readonly TokenRow[]>;
  /** True when there was one that was not revoked yet. */
  revoke(id: string, at: string): Promise<boolean>;
  /** Says when a login that has not been revoked was used, and until when it lives now. */
  use(id: string, at: string, until: string): Promise<void>;
}
export interface TokenRow {
  id: string;
  name: string;
  digest: string;
  user: string | null;
  scopes: readonly string[];
  /** Null for all sessions. */
  sessions: readonly string[] | null;
  /**
   * The host that it was handed into, if it was. Such a token is made only while the host has a row, and
   * goes in the transaction that stores the host's end.
   */
  host?: string;
  /**
   * Given by the store to one that is bound to a single session, and not to a host: of the session's writer
   * when it was made, 1 where there was no session yet. What it writes is fenced once another one writes.
   */
  epoch?: number;
  /** The only organisation that its requests may name. */
  organization?: string;
  /** Of a login of a browser, and of nothing else: when it was last used, to within some minutes. */
  usedAt?: string;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
}
