import { type Client, type Entry, type OutputOf } from 'turnkeep/client';
import type { LogPlace, OlderPage } from './log-window.ts';

type HistoryPage = OutputOf<'sessions.history'>;

const tailEntries = 80;
const pageEntries = 160;
/** Of a base, which can only be read backwards, so many are gone on by. */
const baseEntries = 60;
const baseBytes = 1024 * 1024;
/** No longer line of forks is followed. */
const longestLine = 64;

/** How a log goes on from one that it was forked from. */
interface Fork {
  /** Last seq of the base that the fork shares. */
  to: number;
  /** The log that was forked there, as in a place. */
  on: string | null;
}

/**
 * Reads the pages of a session's log. That of a fork begins with a part of its base's log, and that one perhaps
 * with a part of another: each counts for itself, so every page is of one log and begins at a place in it.
 */
export class LogReader {
  readonly #client: Client;
  readonly #session: string;
  /** By the session of the base, as far as they are known. */
  readonly #forks = new Map<string, Fork>();

  constructor(client: Client, session: string) {
    this.#client = client;
    this.#session = session;
  }

  /** The end of the log, and the seq of its last entry. */
  tail(signal: AbortSignal): Promise<OlderPage & { lastSeq: number }> {
    const own = { base: null, seq: Number.MAX_SAFE_INTEGER };
    return this.#before(own, tailEntries, signal);
  }

  /** What lies before a place, oldest first. */
  async older(from: LogPlace, signal: AbortSignal): Promise<OlderPage> {
    const { entries, fromStart, gone } = await this.#before(from, pageEntries, signal);
    return { entries, fromStart, gone };
  }

  /** What lies after a place, oldest first. */
  async newer(from: LogPlace, signal: AbortSignal): Promise<readonly Entry[]> {
    let place = from;
    while (place.base !== null) {
      const fork = await this.#forkOf(place.base, signal);
      if (fork === undefined) return [];
      if (place.seq < fork.to) return this.#ofBase(place, fork.to, signal);
      place = { base: fork.on, seq: 0 };
    }
    const { entries } = await this.#client.sessions.history(
      { session: this.#session, after: place.seq, limit: pageEntries },
      { signal },
    );
    return entries;
  }

  /** As much as may be in sight around a place; null where its log is not one of this session's. */
  async around(place: LogPlace, signal: AbortSignal): Promise<OlderPage | null> {
    const known = place.base === null || (await this.#forkOf(place.base, signal));
    if (!known) return null;
    const [{ entries, fromStart, gone }, newer] = await Promise.all([
      this.#before(place, tailEntries, signal),
      this.newer({ ...place, seq: place.seq - 1 }, signal),
    ]);
    return { entries: [...entries, ...newer], fromStart, gone };
  }

  /** The first place of all: of a fork that of the log at the root of its line. */
  async start(signal: AbortSignal): Promise<LogPlace> {
    let place: LogPlace = { base: null, seq: 1 };
    for (let line = 0; line < longestLine; line += 1) {
      const { inherited } = await this.#page(place, 1, signal);
      if (inherited === null) break;
      place = { base: inherited.session, seq: 1 };
    }
    return place;
  }

  async #before(
    from: LogPlace,
    limit: number,
    signal: AbortSignal,
  ): Promise<OlderPage & { lastSeq: number }> {
    let place = from;
    for (let line = 0; ; line += 1) {
      const { entries, next, inherited, lastSeq } = await this.#page(place, limit, signal);
      const older = entries.toSorted((a, b) => a.seq - b.seq);
      const fromStart = next === null && inherited === null;
      // A log has every entry from its first one on: where there is none before another, it was purged.
      const missing = older.length === 0 && place.seq > 1;
      const gone = fromStart && missing ? place.base : null;
      if (older.length > 0 || inherited === null || line > longestLine)
        return { entries: older, fromStart, gone, lastSeq };
      place = { base: inherited.session, seq: inherited.before };
    }
  }

  /** Backwards, newest first, in the session's own log or in one that it shares. */
  async #page({ base, seq }: LogPlace, limit: number, signal: AbortSignal): Promise<HistoryPage> {
    const page = await this.#client.sessions.history(
      {
        session: this.#session,
        limit,
        ...(base === null
          ? { before: seq }
          : { inherited: { session: base, before: seq }, maxBytes: baseBytes }),
      },
      { signal },
    );
    const { inherited } = page;
    if (inherited !== null && inherited.session !== base)
      this.#forks.set(inherited.session, { to: inherited.before - 1, on: base });
    return page;
  }

  /** The next entries of a base: read backwards from a place ahead, down to where it goes on. */
  async #ofBase(from: LogPlace, to: number, signal: AbortSignal): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    let before = Math.min(to, from.seq + baseEntries) + 1;
    while (before > from.seq + 1) {
      const limit = before - 1 - from.seq;
      const page = await this.#page({ ...from, seq: before }, limit, signal);
      const first = page.entries.at(-1);
      // It was purged meanwhile: what lies before it says so.
      if (first === undefined) return [];
      entries.unshift(...page.entries.toReversed());
      before = first.seq;
    }
    return entries;
  }

  async #forkOf(base: string, signal: AbortSignal): Promise<Fork | undefined> {
    // On the way to the start every fork is passed.
    if (!this.#forks.has(base)) await this.start(signal);
    return this.#forks.get(base);
  }
}
