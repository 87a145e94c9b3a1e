import type { EntryKind } from '../domain/entry.ts';
import type { Json } from '../domain/json.ts';

/** What a before-commit hook is asked about an entry that is about to be stored. */
export interface CommitQuestion {
  id: string;
  session: string;
  kind: EntryKind;
  /** With what is large in its place, where it is at hand, and not as a blob. */
  data: Json;
}

/** `failed`: it was not asked, or gave no answer that counts. */
export type CommitVerdict =
  | { action: 'keep' }
  | { action: 'redact'; data: Json; reason?: string }
  | { action: 'withhold'; reason?: string; failed?: true };

/** Sees entries before they are stored, shown or told to anybody. */
export interface CommitHook {
  /** Never rejects: what is not answered in time, or not at all, is withheld. */
  ask(question: CommitQuestion): Promise<CommitVerdict>;
}

export interface CommitHooks {
  /**
   * The hook of what is said in these directories: every one whose directory is, or is around, one of them,
   * by their real paths; null where there is none.
   */
  of(directories: readonly string[]): Promise<CommitHook | null>;
}

/** An entry of which hooks are notified: where it is in the order of arrival of all. */
export interface EventRow {
  num: number;
  session: string;
  seq: number;
}

/** What hooks are to be notified of, from the same transactions as the entries, and how far each of them is. */
export interface EventStore {
  /** Events after that number, oldest first. */
  after(num: number, limit: number): Promise<readonly EventRow[]>;
  /** How far each hook is; those that are not named any more are forgotten, new ones begin at the end. */
  begin(hooks: readonly string[]): Promise<readonly EventCursor[]>;
  /** The hook is so far; what all have had is removed. */
  moved(hook: string, num: number): Promise<void>;
  /** Removes all but the newest of these many, and answers the number up to which nothing is left. */
  trim(keep: number): Promise<number>;
}

export interface EventCursor {
  hook: string;
  num: number;
}

/** Hooks as their operator sees them. */
export interface HookOps {
  view(): Promise<HooksView>;
  /** Tells one hook of nothing, once; undefined where none has that name. */
  test(name: string): Promise<HookTest | undefined>;
}

export interface HooksView {
  file: string;
  /** Why nobody is notified, although the file says so. */
  problem: string | null;
  /** The file is not as it was when the daemon started: the next start reads it. */
  changed: boolean;
  notify: readonly NotifyView[];
  beforeCommit: readonly CommitView[];
}

/** No secret, and of an address only where it leads: its path may be one. */
export interface NotifyView {
  name: string;
  target: string;
  events: readonly string[];
  /** Since the daemon started. */
  delivered: number;
  givenUp: number;
  /** Newest first. */
  last: readonly ToldEvent[];
}

/** How an event was told, or that it was not. */
export interface ToldEvent {
  id: string;
  event: string;
  at: string;
  outcome: 'delivered' | 'given-up' | 'retrying';
  tries: number;
  message?: string;
}

export interface CommitView {
  directory: string;
  program: string;
  deadlineMs: number;
  running: boolean;
  /** Entries since the daemon started; `failed` are those of the withheld for which it gave no answer that counts. */
  kept: number;
  redacted: number;
  withheld: number;
  failed: number;
  lastFailure: string | null;
}

export interface HookTest {
  delivered: boolean;
  message: string | null;
}
