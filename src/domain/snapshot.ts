import type { BlobRef } from './content.ts';

/** A file at one moment. `unread` is one of which nothing is known but why. */
export type FileSide =
  | {
      state: 'file';
      blob: BlobRef;
      /** Not text: it is valid UTF-8 without NUL, or it is not. */
      binary?: true;
      /** Permission bits, as in `stat`. */
      mode?: number;
      /** Only that part of it which the agent was given. */
      partial?: true;
    }
  | { state: 'absent' }
  | { state: 'link'; target: string }
  | { state: 'unread'; reason: 'large' | 'outside' | 'unreadable' | 'directory' | 'unknown' };

/**
 * Where the state before comes from: read while the agent waited for an answer (`asked`), told by the agent
 * (`reported`), the state after the session's last snapshot of that file (`chained`), or nobody knows.
 */
export type BeforeFrom = 'asked' | 'reported' | 'chained' | 'unknown';

/** A file before and after a tool call; of one that was only read there is no `after`. */
export interface Snapshot {
  /** Absolute. */
  path: string;
  change: 'read' | 'created' | 'edited' | 'deleted' | 'unchanged' | 'unknown';
  before: FileSide;
  beforeFrom: BeforeFrom;
  after?: FileSide;
  /** Whether the state after was told by the agent or read from the disk. */
  afterFrom?: 'reported' | 'disk';
}

/** Files are put back: what is meant, before anything is done, and then what came of it. */
export type Restore =
  | {
      state: 'begun';
      forced: boolean;
      files: readonly { path: string; snapshot: string; from: FileSide; to: FileSide }[];
    }
  | {
      state: 'ended';
      files: readonly {
        path: string;
        outcome: 'restored' | 'same' | 'changed' | 'failed';
        message?: string;
      }[];
    };
