import type { Json } from '../domain/json.ts';
import type { AgentProgram } from './agent-program.ts';

/** One value that an agent offers for a setting. */
export interface OfferedValue {
  id: string;
  name: string;
  description?: string;
  /** Of a model: the full name of what this one stands for now. */
  resolves?: string;
  /** Of a model: the effort levels that it has. */
  efforts?: readonly string[];
}

export interface Offered {
  values: readonly OfferedValue[];
  /** What holds where a session wants nothing; null where the agent does not tell. */
  default: string | null;
  /** No other value than these can work. */
  complete: boolean;
}

/** A command of the agent's own, which is typed at the beginning of a prompt behind a slash. */
export interface OfferedCommand {
  name: string;
  description?: string;
  /** What may follow it. */
  hint?: string;
}

export type ProbeProblemKind =
  | 'missing'
  | 'not-executable'
  | 'not-started'
  | 'no-answer'
  | 'ended'
  | 'flood'
  | 'refused'
  | 'login'
  | 'old-version'
  | 'unknown-version';

/** What is wrong with an agent, in one sentence that says what to do where something can be done. */
export interface ProbeProblem {
  kind: ProbeProblemKind;
  message: string;
}

/** What an agent says of itself without being prompted. Null is what it does not tell. */
export interface AgentFacts {
  version: string | null;
  models: Offered | null;
  modes: Offered | null;
  efforts: Offered | null;
  /** Absent where it told of none. */
  commands?: readonly OfferedCommand[];
  problem: ProbeProblem | null;
}

/** What comes of one line of the agent's output; `facts` ends the conversation. */
export interface ProbeStep {
  state: Json;
  send: readonly string[];
  facts?: AgentFacts;
}

/**
 * How to ask an agent what it is and what it offers, without any request to a model: a conversation as a
 * pure fold over its lines, like `decode`.
 */
export interface AgentProbe {
  /** The version with which Turnkeep was tested; null where there is none. */
  readonly tested: string | null;
  /** Arguments with which the program prints its version and ends, where it is asked so. */
  readonly versionArgs: readonly string[] | null;
  /** What is started, in the empty directory `cwd`: nothing of a session, and as little else as possible. */
  program(cwd: string): AgentProgram;
  open(): readonly string[];
  /** `state` is null before the first line. Lines that are not understood change nothing. */
  read(state: Json, line: string, cwd: string): ProbeStep;
  /** Whether the agent may know the model, by what it offered. */
  takesModel(model: string, models: Offered): boolean;
}

/** What was found out of one agent. `failing` is a program that is there and does not answer. */
export interface ProbeReport {
  state: 'ready' | 'missing' | 'failing';
  /** The program that hosts would get. */
  path: string | null;
  version: string | null;
  models: Offered | null;
  modes: Offered | null;
  efforts: Offered | null;
  commands?: readonly OfferedCommand[];
  problem: ProbeProblem | null;
}
