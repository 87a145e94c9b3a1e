import type { By, Place } from '../domain/entry.ts';
import type { Move } from '../domain/move.ts';

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
  cancel(session: string): Promise<Move>;
}

export interface BeginMove {
  url: string;
  /** Of the other daemon; it is used and not kept. */
  token: string;
  cwd?: string;
}
