import type { SessionRow } from '../domain/row.ts';
import type { Entry } from '../domain/entry.ts';

/**
 * What a feed sends. `params` is the JSON text of the notification's parameters, made once for all
 * subscribers; a face only puts its own envelope around it.
 *
 * - `entry`: `{session, entry, sealed?}`. With `sealed: true` the text of the entry's single text block is
 *   left empty: the subscriber holds it already as a partial and checks it against the digest.
 * - `partial`: `{session, entryId, part, offset, text, replaced?, parentCall?, call?}`; `offset` in UTF-16
 *   units. With `replaced` the text takes the place of what was there. Ended by the entry of the same id,
 *   or for `output` by the next entry of the tool call.
 * - `feed.state`: `{session, state: catching_up | live}`.
 * - `sessions.changed`: `{session, key, reasons, at, row}`.
 */
export interface Frame {
  event: 'entry' | 'partial' | 'feed.state' | 'sessions.changed';
  /** Of an entry; null for the others, which are no resume points. */
  seq: number | null;
  params: string;
}

/** Where a feed's frames go. */
export interface FeedSink {
  send(frame: Frame): void;
  /** Bytes that wait to be taken by the reader. */
  buffered(): number;
  /**
   * Resolves when there is room for a page of `limits.feedPageBytes`, or when the sink has closed. The
   * room is the feed's own until it sends something or asks again: many feeds may share one reader.
   */
  drained(): Promise<void>;
  readonly closed: boolean;
}

/** Text in progress as a late subscriber gets it. */
export interface PartialView {
  entryId: string;
  part: 'text' | 'thought' | 'output';
  offset: number;
  text: string;
  parentCall?: string;
  call?: string;
}

/** What subscribing answers, in the same call that registered the feed. */
export interface FeedSnapshot {
  lastSeq: number;
  head: string | null;
  row: SessionRow;
  openApprovals: readonly Entry[];
  partials: readonly PartialView[];
}

/** How much of a partial a returning subscriber holds already. */
export interface HeldPartial {
  entryId: string;
  part: 'text' | 'thought' | 'output';
  offset: number;
}
