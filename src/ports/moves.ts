import type { By, Fidelity, Place } from '../domain/entry.ts';
import type { Refusal } from '../domain/refusal.ts';

/** What is kept beside the logs of sessions that move, so that a move survives both daemons. */
export interface MoveStore {
  departures(): Promise<readonly Departure[]>;
  /** Refused as `busy` where the session has one. */
  depart(departure: Departure): Promise<void>;
  /** It is over, on one side or the other. */
  endDeparture(session: string): Promise<void>;
  arrivals(): Promise<readonly Arrival[]>;
  /** In the place of the one that the session has; the length that this says stays. */
  expect(arrival: Arrival): Promise<void>;
  withdraw(session: string): Promise<void>;
  endArrival(session: string): Promise<void>;
}

/** A session that is given up, or was, and whose new place does not know it yet. */
export interface Departure {
  session: string;
  to: Place;
  /** Secret of the token that the other daemon has made for this. */
  ticket: string;
  /** Where it goes on there; null for where it was. */
  cwd: string | null;
  at: string;
}

/** A session that another daemon is about to give up to this one. */
export interface Arrival {
  session: string;
  /** Id of the other daemon. */
  from: string;
  /** Id of the token by which it comes in. */
  token: string;
  /** Until when that holds. */
  expiresAt: string;
  withdrawn: boolean;
  /** Entries that were here before it began. */
  known: number;
}

export interface MoveOps {
  /** Resolves when the session is given up and its log is on its way; what comes then is told by `list`. */
  begin(session: string, input: BeginMove, by: By): Promise<Move>;
  /** Those that are under way, and those that have ended since the start, latest first. */
  list(): readonly Move[];
  /** The session stays. Refused as `conflict` where it has moved. */
  cancel(session: string, by: By): Promise<Move>;
}

export interface BeginMove {
  url: string;
  /** Of the other daemon; it is used and not kept. */
  token: string;
  cwd?: string;
}

/**
 * `copying`: its log goes there. `committing`: all of it is there. `activating`: it has moved, and the other
 * side is to be told. `stopping`: it failed or was cancelled, and is to stay.
 */
export type MovePhase =
  | 'copying'
  | 'committing'
  | 'activating'
  | 'stopping'
  | 'done'
  | 'cancelled'
  | 'failed';

export interface Move {
  session: string;
  to: Place;
  phase: MovePhase;
  /** Entries that were sent, of how many; those that are there already are not sent. */
  entries: { sent: number; total: number };
  bytes: number;
  /** Why it failed, or was not done at the last try. */
  error: Refusal | null;
  /** Of `done`: what its agent remembers there, and why not all. */
  memory: Fidelity | null;
  reason: string | null;
  /** What does not go along. */
  stays: Stays;
  startedAt: string;
  endedAt: string | null;
}

export interface Stays {
  /** Names of values that the agent gets and that no log has: of variables and of MCP servers. */
  secrets: readonly string[];
  /** Directories that have to be there, too. */
  directories: readonly string[];
  /** Rules for directories that held for it. */
  rules: number;
  parent: string | null;
  /** What it was forked from. */
  base: string | null;
}
