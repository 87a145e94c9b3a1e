import type { Fidelity, Place } from './entry.ts';
import type { Refusal } from './refusal.ts';

/**
 *   copying ──▶ committing ──▶ activating ──▶ done
 *      └────────────┴──▶ stopping ──▶ cancelled, failed
 *
 * `copying`: its log goes there. `committing`: all of it is there. `activating`: it has moved, and the other
 * daemon is to be told; it is `failed` where that one says no. `stopping`: it is to stay.
 */
export const movePhases = [
  'copying',
  'committing',
  'activating',
  'stopping',
  'done',
  'cancelled',
  'failed',
] as const;
export type MovePhase = (typeof movePhases)[number];

/** A session on its way to another daemon, as its source tells of it. Times are ISO 8601 UTC. */
export interface Move {
  session: string;
  to: Place;
  phase: MovePhase;
  /** Entries that were sent, of how many; those that are there already are not sent. */
  entries: { sent: number; total: number };
  bytes: number;
  /** Why it failed, or what the last try came to. */
  error: Refusal | null;
  /** Of `done`: what its agent remembers there, and why not all. */
  memory: Fidelity | null;
  reason: string | null;
  stays: Stays;
  startedAt: string;
  endedAt: string | null;
}

/** What does not go along. */
export interface Stays {
  /** Names of values that the agent gets and that no log has: of variables and of MCP servers. */
  secrets: readonly string[];
  /** Directories that have to be there, too. */
  directories: readonly string[];
  /** How many rules for directories held for it. */
  rules: number;
  parent: string | null;
  /** What it was forked from. */
  base: string | null;
}
