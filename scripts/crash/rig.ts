import type { AgentFacts } from './facts.ts';
import type { Dice } from './random.ts';

/** What of a run depends on the agent that works in it. */
export interface Rig {
  /** What the daemon's process is told beside its state directory and its port. */
  readonly daemonArgs: readonly string[];
  /** Environment of the daemon's process. */
  readonly daemonEnv: NodeJS.ProcessEnv;
  readonly pace: Pace;
  /** Text of a prompt by the dice. It carries its mark, and `work` is the directory of its session. */
  prompt(dice: Dice, id: string, work: string): string;
  /** A prompt that only has something said, so that what is held goes on. */
  filler(id: string): string;
  /** What the agent itself, or who serves it, knows of the prompts. Asked after the daemon's end. */
  record(state: string): Promise<AgentRecord>;
  close(): Promise<void>;
}

export type AgentRecord = Pick<AgentFacts, 'turns' | 'model'>;

/** How the clients and the kills go about it. */
export interface Pace {
  /** How often a client does what, by weight. */
  acts: Readonly<Record<Act, number>>;
  /** Pause of a client between two acts, from and to, in milliseconds. */
  restMs: readonly [number, number];
  /** A run that goes on for longer is one that hangs. */
  longestRunMs: number;
  /** How long the daemon lives at least and at most before a kill, in milliseconds. */
  lifeMs: readonly [number, number];
  /** Chance that a question is left alone until its run is aborted for it. */
  leftAlone: number;
}

export type Act = 'send' | 'interrupt' | 'steer' | 'abort' | 'repeat';
