import type { Proof } from '../../domain/entry.ts';

/** One process, as one look at the machine showed it. */
export interface ProcessSample {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTime: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly name: string;
  /** The value of `TURNKEEP_HOST` in its environment, where there is one and it can be read. */
  readonly marker?: string;
}

/** What differs between operating systems. Zombies count as gone everywhere. */
export interface Processes {
  /** How strong a proof of absence is: all processes were looked at, or only those known from samples. */
  readonly proof: Extract<Proof['method'], 'swept' | 'sampled'>;
  /** How far a start time may be from the truth, in milliseconds. */
  readonly startGrainMs: number;
  /** Whether `tail -f` is told of changes; where it polls, the relay is our own script. */
  readonly tailWaits: () => Promise<boolean>;
  bootId(): Promise<string>;
  /** Present processes, without this one. */
  list(): Promise<readonly ProcessSample[]>;
  /** Start time of a living process. */
  startTime(pid: number): Promise<number | undefined>;
  /** The command line, where it can be read: shows whether the wrapper's child has become the agent. */
  commandLine(pid: number): Promise<readonly string[] | undefined>;
}

export const marker = 'TURNKEEP_HOST';
