import type { BlobRef } from './content.ts';

/** A file at one moment. `unread` is one of which nothing is known but why. */
export type FileSide =
  | {
      state: 'file';
      blob: BlobRef;
      /** Not text: it is valid UTF-8 without NUL, or it is not. */
      binary?: true;
      /** Permission bits, as in `stat`; absent where the content was told and not read. */
      mode?: number;
      /** Only that part of it which the agent was given. */
      partial?: true;
    }
  | { state: 'absent' }
  | { state: 'link'; target: string }
  | { state: 'unread'; reason: 'large' | 'outside' | 'unreadable' | 'directory' | 'unknown' };

/**
 * Where the state before comes from: read while the agent waited for an answer (`asked`), told by the agent
 * (`reported`), the state after the session's last snapshot of that file (`chained`), or nobody knows. Of a
 * file that was only read it is `disk`: read once the call had ended.
 */
export type BeforeFrom = 'asked' | 'reported' | 'chained' | 'disk' | 'unknown';

/** A file before and after a tool call or a restoration; of one that was only read there is no `after`. */
export interface Snapshot {
  /** Absolute, through no link but its own name. */
  path: string;
  /** The run of the call: the entry may come after the run's end. */
  run?: string;
  change: 'read' | 'created' | 'edited' | 'deleted' | 'unchanged' | 'unknown';
  before: FileSide;
  beforeFrom: BeforeFrom;
  after?: FileSide;
  /** Whether the state after was told by the agent or read from the disk. */
  afterFrom?: 'reported' | 'disk';
  /** Looked at by another daemon than the one that saw the call: what happened in between is in it. */
  late?: true;
}

/** Files are put back: what is meant, before anything is done, and then what came of it. */
export type Restore =
  | {
      state: 'begun';
      forced: boolean;
      /** `from` is what was found there; `snapshot` the entry that has what it is to be. */
      files: readonly { path: string; snapshot: string; from: FileSide; to: FileSide }[];
    }
  | { state: 'ended'; files: readonly RestoredFile[] };

/** `same` was so already, `changed` is otherwise by now and was left alone. */
export interface RestoredFile {
  path: string;
  outcome: 'restored' | 'same' | 'changed' | 'failed';
  message?: string;
}

/** Whether something is known of it that can be compared and put back. */
export function isKnown(side: FileSide): boolean {
  return side.state !== 'unread' && !(side.state === 'file' && side.partial === true);
}

/** Whether both are known and say the same; permissions aside. */
export function sameSide(one: FileSide, other: FileSide): boolean {
  if (!isKnown(one) || !isKnown(other)) return false;
  if (one.state === 'file' && other.state === 'file') return one.blob.digest === other.blob.digest;
  if (one.state === 'link' && other.state === 'link') return one.target === other.target;
  return one.state === other.state;
}

/** Whether nothing would have to be done to make the one of the other. */
export function isAlready(one: FileSide, other: FileSide): boolean {
  if (!sameSide(one, other) || one.state !== 'file' || other.state !== 'file') {
    return sameSide(one, other);
  }
  return one.mode === undefined || other.mode === undefined || one.mode === other.mode;
}

/** What was done to a file that was like this before and after. */
export function changeBetween(before: FileSide, after: FileSide): Snapshot['change'] {
  if (!isKnown(before) || !isKnown(after)) return 'unknown';
  if (sameSide(before, after)) return 'unchanged';
  if (before.state === 'absent') return 'created';
  return after.state === 'absent' ? 'deleted' : 'edited';
}

/** How a snapshot says that the file was left. */
export function leftAs({ before, after }: Snapshot): FileSide {
  return after ?? before;
}

/** Whether a call may have written the file. */
export function isWrite({ change }: Pick<Snapshot, 'change'>): boolean {
  return change !== 'read' && change !== 'unchanged';
}
