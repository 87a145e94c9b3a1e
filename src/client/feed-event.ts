import type { Entry } from '../domain/entry.ts';
import type { SessionRow } from '../domain/row.ts';

/** Which text of an entry is in progress. */
export type Part = 'text' | 'thought' | 'output';

/**
 * Where a feed stands: no answer yet, reading what came before, at the end of the log, or cut off (it
 * comes back by itself).
 */
export type FeedState = 'connecting' | 'catching_up' | 'live' | 'disconnected';

/** A piece of a text in progress. `text` is only what is new and stands at `offset` (UTF-16 units). */
export interface PartialEvent {
  type: 'partial';
  entryId: string;
  part: Part;
  offset: number;
  text: string;
  /** What was shown of this text before is void: it begins again with `text`. */
  replaced: boolean;
  /** The text so far; of a tool's output only its last part. */
  whole: string;
  parentCall?: string;
  call?: string;
}

/** What a feed delivers. Every entry comes exactly once and in order. */
export type FeedEvent =
  | { type: 'entry'; entry: Entry }
  | PartialEvent
  /** A text in progress will never become an entry. */
  | { type: 'abandoned'; entryId: string; part: Part }
  | { type: 'state'; state: FeedState }
  | {
      type: 'snapshot';
      row: SessionRow;
      openApprovals: readonly Entry[];
      lastSeq: number;
      head: string | null;
    };
