import type { EntryKind } from '../domain/entry.ts';
import type { Direction } from '../ports/raw.ts';

/**
 * Where a page comes from: `live` from a host that is at work, `here` from what is kept of one that has
 * ended. `expired`: it was kept for its time; `lost`: it could not be kept, or cannot be read. `withheld`: a
 * before-commit hook sees what becomes of them, and they are shown to nobody.
 */
export type RawSource = 'live' | 'here' | 'expired' | 'lost' | 'withheld';

export interface RawQuery {
  run: string;
  /** Opaque; from the start without it. */
  cursor?: string;
  /** Only what was sent to the agent, or only what it wrote. */
  direction?: Direction;
  limit: number;
  maxBytes: number;
}

/** A line as it went between daemon and agent. `from` and `to` are offsets in its file; `to` is after its LF. */
export interface RawLineView {
  direction: Direction;
  host: string;
  from: number;
  to: number;
  /** When it was sent, or by when at the latest it had been read; null while nothing was told after it. */
  at: string | null;
  /** Without its LF, and cut after `limits.rawLineBytes`. */
  text: string;
  cut?: true;
  /** The same bytes, where they are not UTF-8. */
  base64?: string;
  /** Entries that begin with this line, or that it carried to the agent. */
  entries: readonly { seq: number; id: string; kind: EntryKind }[];
}

export interface RawPage {
  lines: readonly RawLineView[];
  /** Cursor of the next page; null at the end of the run, or of what there is of it yet. */
  next: string | null;
  source: RawSource;
}
