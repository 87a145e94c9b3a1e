import type { Budget, Crossing, Remembered } from './budget.ts';
import type { BlobRef, ToolKind } from './content.ts';
import type { By, Owner, Place, RunFailure, RunOutcome } from './entry.ts';
import type { Json } from './json.ts';
import { noPolicy, type SessionPolicy } from './policy.ts';
import type { OpenRunState } from './run.ts';
import { type AgentSettings, agentSettings, noSettings } from './settings.ts';
import { type ContextWindow, type Money, noUsage, type Usage, type UsageReport } from './usage.ts';

/**
 * The bounded state of a session: what its actor loads instead of the log. It is `fold(evolve)` of the log
 * and nothing else; `stateVersion` rises when the same log folds to another state.
 */
export const stateVersion = 11;

export interface SessionState extends AgentSettings {
  id: string;
  lastSeq: number;
  /** Id of the last node, null before the first. */
  head: string | null;
  key: string | null;
  agent: string;
  cwd: string;
  title: string | null;
  titleFrom: 'prompt' | 'client' | 'agent' | null;
  label: string | null;
  meta: { readonly [name: string]: string };
  /** Nothing is launched for it yet. */
  draft: boolean;
  /** When it was deleted: it is kept for a time, and can be restored. */
  deletedAt: string | null;
  /** When it is removed for good. */
  purgeAt: string | null;
  archived: boolean;
  parent: string | null;
  onLost: 'stop' | 'continue';
  /** What its agent may do unasked. */
  policy: SessionPolicy;
  /** Times that the server went on after a loss since the last real progress. */
  continued: number;
  modelInForce: { provider?: string; id: string } | null;
  context: ContextWindow;
  /** The agent's own id of the session, from its last successful open. */
  nativeId: string | null;
  /** Who writes it; see `Owner`. */
  writer: { state: Owner['state']; epoch: number; to: Place | null };
  /** Where it worked, of a session that was written elsewhere. */
  originCwd: string | null;
  /** Where the last line is before which the agent itself need not remember, or where it began anew. */
  nativeBoundary: number | null;
  /** The latest sub-agents that were told of in files of their own, and the tool calls that began them. */
  helpers?: readonly { file: string; call: string }[];
  /** Where its last run ended, in the agent's own words; null where that is not known. */
  nativeMark: string | null;
  /** Where readers begin after the last reset or compaction; null for the beginning. */
  boundary: number | null;
  forkedFrom: { session: string; entry: string | null; seq: number } | null;
  /** The native session that the next host copies, until one has. */
  forkNative: string | null;
  /** Where that copy is cut off: the native session may have gone on since. Null for all of it. */
  forkMark: string | null;
  /** What the agent is to be told with its next prompt, because it does not remember it. */
  primer: BlobRef | null;
  /** The host that has not ended. */
  host: OpenHost | null;
  run: OpenRun | null;
  lastRun: LastRun | null;
  /** Prompts that wait, in order. */
  queue: readonly QueuedPrompt[];
  /** The queue waits for the next send or a release (P3). */
  held: boolean;
  approvals: readonly OpenQuestion[];
  /** The latest decisions, so that a second decider learns of the first (A1). */
  decided: readonly Decided[];
  /** The entry that began to put files back, until it has ended. */
  restore: string | null;
  usage: Usage;
  reports: readonly UsageReport[];
  /** Runs that have begun, and how long those that have ended lasted in all. */
  ran: { runs: number; wallMs: number };
  budget: Budget | null;
  /** Limits that were reached, and what came of it. */
  crossings: readonly Remembered[];
  lastMessage: string | null;
  createdAt: string;
  updatedAt: string;
  lastActivityAt: string;
}

/** `ending`: it gets no more prompts, and the run that works in it ends with it. */
export interface OpenHost {
  id: string;
  phase: 'launched' | 'open' | 'ending';
  /** Why it is ended, where its run fails by that. */
  error?: RunFailure;
  /** It was opened with other settings than those in force: the next prompt gets a fresh one. */
  stale?: true;
}

export interface QueuedPrompt {
  id: string;
  timeoutMs?: number;
  /** The entry that has its content now. */
  edited?: string;
  /** The agent may have it already, under its name: its content stays. */
  sent?: true;
}

/**
 * A prompt of the open run. `waiting`: not sent, its host is still opening. `sent`: its bytes are committed
 * for the agent, no evidence yet. `taken`: the agent has it (its `delivery` is in the log).
 */
export interface RunPrompt extends QueuedPrompt {
  state: 'waiting' | 'sent' | 'taken';
  /** It was sent into the running turn; only the agent's own word shows that it has it. */
  steered?: true;
}

export interface OpenRun {
  id: string;
  state: OpenRunState;
  trigger: 'prompt' | 'agent';
  startedAt: string;
  /** When its prompts were committed for the agent: what the agent starts for it begins after this. */
  sentAt: string | null;
  prompts: readonly RunPrompt[];
  toolCalls: readonly OpenToolCall[];
  /** Hosts launched for it. */
  launches: number;
  abort: {
    force: boolean;
    reason: 'asked' | 'timeout' | 'interrupt' | 'stop' | 'budget';
    /** A prompt came after it: that one is next, and nothing is held. */
    released?: true;
  } | null;
  /** The agent says nothing (R9). */
  stalled: boolean;
  usage: Usage;
  /** Estimated, and not told by the agent yet. */
  pending: Money | null;
  turns: number;
  answer: { entry: string; text: string } | null;
}

/** A tool call that has not ended: `entry` is its first state. */
export interface OpenToolCall {
  call: string;
  entry: string;
  title: string;
  kind: ToolKind;
  name?: string;
  parentCall?: string;
  status: 'pending' | 'in_progress';
}

export interface LastRun {
  id: string;
  outcome: RunOutcome;
  startedAt: string;
  endedAt: string;
  durationMs: number;
  error?: RunFailure;
}

export interface OpenQuestion {
  id: string;
  kind: 'approval' | 'question';
  request: Json;
  run: string | null;
  title: string;
  options: readonly { id: string; kind: string }[];
  at: string;
  /** Not asked by the agent: nothing is told to it. */
  outside?: true;
  /** The server asks whether the run may go on beyond this limit. */
  budget?: Crossing;
}

export interface Decided {
  approval: string;
  decision: string;
  outcome: string;
  option?: string;
  by: By;
}

export function emptySession(id: string): SessionState {
  return {
    id,
    lastSeq: 0,
    head: null,
    key: null,
    agent: '',
    cwd: '',
    title: null,
    titleFrom: null,
    label: null,
    meta: {},
    ...noSettings,
    draft: false,
    deletedAt: null,
    purgeAt: null,
    archived: false,
    parent: null,
    onLost: 'stop',
    policy: noPolicy,
    continued: 0,
    modelInForce: null,
    context: { used: 0, size: 0, known: false },
    nativeId: null,
    writer: { state: 'host', epoch: 1, to: null },
    originCwd: null,
    nativeBoundary: null,
    nativeMark: null,
    boundary: null,
    forkedFrom: null,
    forkNative: null,
    forkMark: null,
    primer: null,
    host: null,
    run: null,
    lastRun: null,
    queue: [],
    held: false,
    approvals: [],
    decided: [],
    restore: null,
    usage: noUsage,
    reports: [],
    ran: { runs: 0, wallMs: 0 },
    budget: null,
    crossings: [],
    lastMessage: null,
    createdAt: '',
    updatedAt: '',
    lastActivityAt: '',
  };
}

export const sessionStatuses = [
  'draft',
  'idle',
  'starting',
  'working',
  'waiting',
  'stopping',
  'stalled',
  'readonly',
] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** The one place where a session's status is derived. */
export function statusOf(state: SessionState): SessionStatus {
  if (state.writer.state === 'moving' || state.writer.state === 'moved') return 'readonly';
  if (state.run === null) return state.draft ? 'draft' : 'idle';
  if (state.run.state === 'stopping') return 'stopping';
  if (state.approvals.length > 0) return 'waiting';
  if (state.run.stalled) return 'stalled';
  return state.run.state;
}

/** The settings with which the next host is opened. */
export function settingsInForce(state: SessionState): AgentSettings {
  const settings = Object.fromEntries(agentSettings.map((name) => [name, state[name]]));
  return settings as unknown as AgentSettings;
}
