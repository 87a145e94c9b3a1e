import { refuse, type RefusalError } from '../../domain/refusal.ts';
import type { Line } from './line.ts';

/** An entry that was accepted: it keeps its number until its log has it. */
export interface Waiting extends Line {
  readonly number: number;
}

/** What an earlier process has accepted for one log and not seen stored. */
export interface KeptLog {
  readonly session: string;
  readonly lines: readonly Waiting[];
  /** The head after the last line that was stored, where that is known. */
  readonly head: string | null;
  /** The head with which the first line without a uuid was sent, when nobody knows what came of it. */
  readonly tried: { readonly number: number; readonly head: string | null } | null;
  /** The session in which it goes on since a conflict, and after which entry of the first one that begins. */
  readonly fork: Fork | null;
}

export interface Fork {
  readonly session: string;
  readonly at: string | null;
  /** What was there before has been copied. */
  readonly whole: boolean;
}

/** Entries that were accepted wait here until their log has them. Calls for one session keep their order. */
export interface Outbox {
  /** What waits since before; asked once. */
  kept(): Promise<readonly KeptLog[]>;
  /** Answers when they cannot be lost any more; refused with `limited` where there is no room. */
  accept(session: string, lines: readonly Line[]): Promise<readonly Waiting[]>;
  /** All up to that number are in the log. */
  settle(session: string, number: number, head: string | null): void;
  /** This line is about to be sent after that head: known again after a crash. */
  trying(session: string, number: number, head: string | null): Promise<void>;
  forked(session: string, fork: Fork): Promise<void>;
  /** The log does not take this line, now or ever: it is kept where somebody can look at it. */
  setAside(session: string, line: Waiting, status: number): Promise<void>;
  /** All that waits for this log is given up, by somebody who said so. */
  discard(session: string): Promise<void>;
  /** What it holds, in UTF-16 units of text or bytes. */
  readonly size: number;
  /** Whether it outlives the process. */
  readonly durable: boolean;
  close(): Promise<void>;
}

export function outboxFull(most: number): RefusalError {
  const message = `The outbox is full (${most}): entries are accepted again when some were stored.`;
  return refuse('limited', message, { field: 'entry' });
}
