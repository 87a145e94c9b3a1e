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
