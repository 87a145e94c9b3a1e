import type { Entry } from '../../src/domain/entry.ts';
import type { SessionRow } from '../../src/domain/row.ts';
import type { SessionState } from '../../src/domain/session-state.ts';

/**
 * All that is known when a run of the crash loop is over: what clients were told and saw, kept outside of
 * the daemon, and what was found in the store, at the agent and on the machine. Plain JSON: a failing run
 * is written down as this, and the oracle can be asked again.
 */
export interface Facts {
  sessions: readonly SessionFacts[];
  /** What the store's own check says. */
  storeFaults: readonly string[];
  /** What the daemon must not say or do: faults in its log, an end that nobody asked for. */
  daemonFaults: readonly string[];
  /** Processes and host directories that are left after the stop. */
  leftovers: readonly string[];
}

export interface SessionFacts {
  id: string;
  /** Everything up to here was there before the daemon was told to end: subscribers must have it. */
  settledSeq: number;
  /** The log as it is stored, in order of seq. */
  log: readonly Entry[];
  /** Digests as they follow from the content, in the same order. */
  digests: readonly string[];
  /** Whole texts of messages and thoughts, also where the entry has only a preview. */
  texts: Readonly<Record<string, string>>;
  /** The state that the store has, and the row that lists show. */
  state: SessionState;
  row: SessionRow;
  sent: readonly SentPrompt[];
  aborts: readonly AbortTold[];
  decisions: readonly DecisionTold[];
  subscribers: readonly SubscriberFacts[];
  agent: AgentFacts;
}

/** A prompt that a client sent, with every answer that it got for it. */
export interface SentPrompt {
  id: string;
  text: string;
  delivery: 'queue' | 'steer' | 'interrupt';
  /** In order. None: no answer ever came. */
  answers: readonly SendTold[];
}
export type SendTold =
  | { type: 'acknowledged'; order: number; seq: number; duplicate: boolean; state: string }
  | { type: 'refused'; order: number; code: string; expected: boolean };

export interface AbortTold {
  run: string;
  status: 'aborted' | 'stopping';
  outcome?: string;
}

export interface DecisionTold {
  approval: string;
  by: string;
  answer:
    | { type: 'decided'; id: string; seq: number; outcome: string; option?: string }
    | { type: 'already'; decision?: string; outcome?: string }
    | { type: 'refused'; code: string };
}

export interface SubscriberFacts {
  name: string;
  /** Every entry in the order of its arrival, over all connections. */
  entries: readonly { seq: number; id: string; digest: string }[];
  /** Text in progress as it was shown at most; more than one where it did not go on from before. */
  texts: readonly { entryId: string; text: string }[];
  connections: number;
  /** What was wrong at the moment when it came. */
  faults: readonly string[];
}

/** What the agent itself has kept. */
export interface AgentFacts {
  /** Each time that it got a prompt, with what it said in that turn. */
  turns: readonly { prompt: string; said: readonly string[] }[];
  /** How often each command took effect, by its mark. */
  effects: Readonly<Record<string, number>>;
  /** What the model was asked for, where that can be known: then every run that is let must complete. */
  model: readonly AskedFacts[] | null;
}

/** A prompt as the model saw it. */
export interface AskedFacts {
  prompt: string;
  /** How often each part of the answer was asked for: the first, that after the first tools' results … */
  asked: readonly number[];
}

/** Something that must not be. */
export interface Fault {
  kind: FaultKind;
  session: string | null;
  what: string;
}
export const faultKinds = [
  'lost',
  'doubled',
  'changed',
  'disorder',
  'unended',
  'undelivered',
  'undecided',
  'state',
  'left',
  'daemon',
] as const;
export type FaultKind = (typeof faultKinds)[number];
