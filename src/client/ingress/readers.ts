import { accessOf, type IngressOptions, usualDeadlineMs } from './appender.ts';
import { events, type LogEntry, type LogEvent, loglines } from './read-log.ts';
import { Reading } from './reading.ts';

export interface ReadOptions extends IngressOptions {
  signal?: AbortSignal;
}

/**
 * The entries of a log, oldest first, as they come; what was read before is not asked to be remembered.
 * `end` says whether that was all of it: nothing else does.
 */
export function hydrate(
  options: ReadOptions & { /** Only what came after the last compaction. */ compacted?: boolean },
  session: string,
): Reading<LogEntry> {
  const { signal, deadlineMs } = boundsOf(options);
  const bounds = { signal, deadlineMs, afterLastCompaction: options.compacted === true };
  return new Reading(loglines(accessOf(options), session, bounds), signal);
}

/**
 * A log with what its server says of each entry, in pages; of a server without pages its entries. `end` says
 * whether that was all of it, and else from which cursor on there may be more.
 */
export function teleport(
  options: ReadOptions & {
    cursor?: string;
    /** Entries of a page, at most 1000, which is the default. */
    pageEntries?: number;
    /** Pages that are read; default: all. */
    pages?: number;
  },
  session: string,
): Reading<LogEvent> {
  const { cursor = null, pageEntries = 1000, pages = Number.POSITIVE_INFINITY } = options;
  const bounds = boundsOf(options);
  const read = events(accessOf(options), session, { ...bounds, cursor, pageEntries, pages });
  return new Reading(read, bounds.signal);
}

function boundsOf({ signal, deadlineMs = usualDeadlineMs }: ReadOptions): {
  signal: AbortSignal;
  deadlineMs: number;
} {
  return { signal: signal ?? new AbortController().signal, deadlineMs };
}
