import type { Crossing, Remembered } from './budget.ts';
import type { ApprovalOption, BlobRef, ContentBlock, PlanItem, ToolCall } from './content.ts';
import { canonicalJson, type Json } from './json.ts';
import type { Rule, Ruling, Wanted } from './policy.ts';
import type { AgentSetting, SettingsChange } from './settings.ts';
import type { Restore, Snapshot } from './snapshot.ts';
import type { Money, Tokens, Usage } from './usage.ts';

export type { SettingsChange } from './settings.ts';

/**
 * The record of a session's log. Immutable, and in its final format:
 *
 * - `seq` is its place in the log: dense, from 1, for ever; given by the store.
 * - `parentId` is present (null for the first) exactly on nodes, the entries of the conversation tree;
 *   only nodes move the head.
 * - `about` names the entry this one continues or answers: the first state of a tool call, the approval
 *   of a decision, the prompt of a delivery.
 * - `parentCall` is the tool call (its agent-side id) of the sub-agent that produced the entry.
 * - `digest` covers everything but `seq`, `at` and the session: the same entry written again at another
 *   time has the same digest.
 */
export interface EntryBase {
  id: string;
  parentId?: string | null;
  runId?: string;
  at: string;
  by: By;
  parentCall?: string;
  about?: string;
}

/** Who caused an entry: a client with a token, an agent by its host, or the server itself. */
export type By =
  | { type: 'client'; token: string; user?: string; client?: string; organization?: string }
  | { type: 'agent'; host: string }
  | { type: 'server' };

export type Delivery = 'queue' | 'steer' | 'interrupt';

export const failureCategories = [
  'auth',
  'limit',
  'request',
  'service',
  'connection',
  'protocol',
  'launch',
  'storage',
  'unknown',
] as const;
export type FailureCategory = (typeof failureCategories)[number];

/** Why a run failed. `status` is the HTTP status of the model service where it is known. */
export interface RunFailure {
  category: FailureCategory;
  message: string;
  status?: number;
}

export const runOutcomes = ['completed', 'cancelled', 'failed', 'killed', 'lost'] as const;
export type RunOutcome = (typeof runOutcomes)[number];

export interface RunEnded {
  outcome: RunOutcome;
  stopReason?: string;
  error?: RunFailure;
  usage: Usage;
  exitCode?: number;
  signal?: string;
  durationMs: number;
  /** Assistant messages of the run. */
  turns: number;
  /** The last assistant text of the run, cut to `limits.answerChars`. */
  answer?: { entry: string; text: string };
  /** After force: the processes that were ended (R5). */
  proof?: Proof;
  /** The agent's own name of the place where it ended, opaque to us. */
  mark?: string;
}

/** The proof that nothing of a host is left: what was ended, and whether every one is gone. */
export interface Proof {
  method: 'swept' | 'sampled' | 'rebooted' | 'never-started';
  ended: readonly {
    pid: number;
    startTime: number;
    name: string;
    how: 'exited' | 'terminated' | 'killed';
  }[];
  gone: boolean;
}

export interface EntryDataByKind {
  prompt: {
    content: readonly ContentBlock[];
    delivery: Delivery;
    /** The run may last this long, in milliseconds, then it is cancelled. */
    timeoutMs?: number;
    /** The server's own prompt: the lost run with which it goes on. */
    continues?: string;
  };
  /** `about` is the prompt. The final content as it went to the agent. */
  delivery: {
    content: readonly ContentBlock[];
    /** The first block tells what the agent does not remember. */
    primed?: true;
  };
  message: { content: readonly ContentBlock[]; incomplete?: true };
  thought: { content: readonly ContentBlock[]; incomplete?: true };
  tool_call: ToolCall;
  plan: { items: readonly PlanItem[] };
  /** `request` is the agent's own id of the question, needed for the answer; null where it is not the agent's. */
  approval: {
    request: Json;
    title: string;
    toolCall?: ToolCall;
    options: readonly ApprovalOption[];
    /** What the policy was asked about, where that is known and short enough to be kept. */
    wants?: Wanted;
    /** Why it is asked about. */
    ruling?: Ruling;
    /** Asked by something that works inside the session, not by the agent itself. */
    outside?: true;
    /** The server asks whether the run may go on beyond this limit. */
    budget?: Crossing;
  };
  /** `about` is the approval. `ruling`: no person decided it, but this. */
  decision: {
    outcome: 'allowed' | 'denied' | 'withdrawn';
    option?: string;
    /** For the agent. */
    message?: string;
    reason?: string;
    /** With what the tool is to run instead of what the agent had asked for. */
    input?: Json;
    ruling?: Ruling;
    /** The rules that were made of it. */
    remembered?: { level: 'session' | 'directory'; rules: readonly Rule[] };
  };
  question: { request: Json; message: string; schema?: Json; outside?: true };
  /** `about` is the question. */
  answer: { outcome: 'answered' | 'declined' | 'withdrawn'; content?: Json; reason?: string };
  run_started: { trigger: 'prompt' | 'agent'; prompts: readonly string[] };
  /** The intent to end the run, written before anything is done about it (R4). */
  abort: {
    force: boolean;
    reason: 'asked' | 'timeout' | 'interrupt' | 'stop' | 'budget';
    queue: 'keep' | 'withdraw';
  };
  run_ended: RunEnded;
  usage: { key: string; model?: string; tokens: Tokens; cost?: Money; pending?: Money };
  /** `about` is the prompt whose item changed, absent where the whole queue is held or released. */
  queue: {
    change: 'withdrawn' | 'indeterminate' | 'requeued' | 'held' | 'released' | 'edited' | 'moved';
    reason?: string;
    /** Of `edited`: what the prompt says now. */
    content?: readonly ContentBlock[];
    /** Of `moved`: its place in the queue, from 1. */
    to?: number;
    /** Of `released`: the lost run after which the server lets the queue go on. */
    continues?: string;
  };
  /** `live`: those that the agent was told at once; the others that concern it are for its next host. */
  settings: {
    from: 'client' | 'agent' | 'server';
    changes: SettingsChange;
    live?: readonly AgentSetting[];
  };
  /**
   * The life of the host: the process group in which the agent works. `host` is its id. `ending` is
   * the intent to end it, written before anything is done about it.
   */
  host: {
    host: string;
    state: 'launched' | 'opened' | 'ending' | 'ended';
    /** Of `ending`: why we end it. From then on it gets no prompt, and its run ends with it. */
    reason?: HostEndReason;
    nativeId?: string;
    resumed?: boolean;
    exitCode?: number;
    signal?: string;
    proof?: Proof;
    error?: RunFailure;
  };
  reset: { reason: 'new' | 'reset' };
  /**
   * Readers after it begin at `keepSeq`, the seq of `keep`; the agent's next host begins anew and is told the
   * `primer`: the summary and what was kept.
   */
  compaction: { keep: string | null; keepSeq: number; summary?: string; primer?: BlobRef };
  /**
   * The history before it is that of `session` up to `entry`. The agent's own memory of it is copied from
   * `nativeId` up to `nativeMark` (exact), or it is told a `primer` (primed).
   */
  fork: {
    session: string;
    entry: string | null;
    seq: number;
    fidelity: Fidelity;
    nativeId?: string;
    nativeMark?: string;
    primer?: BlobRef;
  };
  deletion: { state: 'deleted' | 'restored'; purgeAt?: string };
  /** `about` is the tool call, or the restoration that began. It names its run itself. */
  snapshot: Snapshot;
  /** The one that is `ended` is `about` the one that is `begun`. */
  restore: Restore;
  /** Who writes the conversation from now on. Every change but the first raises the epoch. */
  owner: Owner;
  /** A line of what the agent itself keeps of the conversation, as the agent wrote it. */
  native: NativeLine;
  /** R9: a working agent says nothing (`silent`), and then something (`heard`). */
  stall: { state: 'silent' | 'heard'; silentMs: number };
  /** `budget`: limits that were reached, and what that led to; only of the server and of clients. */
  notice: { code: string; text: string; data?: Json; budget?: readonly Remembered[] };
  external: { type?: string; raw: Json };
  /** Input that could not be understood: first bytes, why, how many lines, and where in the spool. */
  unrecognized: {
    reason: string;
    raw: string;
    count: number;
    range?: { host: string; from: number; to: number };
  };
}

/**
 * Who writes a conversation: agents of this daemon (`host`), or somebody who appends what an agent elsewhere
 * says (`external`). `moving`: nobody, while `to` gets a copy. `moved`: the copy at `to` is the session from
 * now on, and this one is only read.
 */
export interface Owner {
  state: 'host' | 'external' | 'moving' | 'moved';
  epoch: number;
  /** Of `moving` and `moved`. */
  to?: Place;
  /** Of `host` after `external` or `moved`: what its agent remembers on this machine, and why not all. */
  memory?: Fidelity;
  reason?: string;
  /** Of `exact`: the agent's session whose files were put in their place. Of `primed`: what it is told. */
  nativeId?: string;
  primer?: BlobRef;
}

/** A daemon: the id of its state directory, which never changes, and where it is asked. */
export interface Place {
  server: string;
  url: string;
}

export interface NativeLine {
  /** The name of the agent whose format it is. */
  format: string;
  /** The agent's own id of the session that the line is of. */
  session: string;
  /** Which of the session's files: empty for the main one, else the agent's name of another (a sub-agent's). */
  file: string;
  /** The line without its end, to the byte; the beginning of it where it is in a blob. */
  line: string;
  blob?: BlobRef;
  /** The line says that what is before it need not be remembered. */
  boundary?: true;
  /** The tool call that began the sub-agent whose file it is. */
  begunBy?: string;
  /** Its name is that of another line (`about`), which says something else: it is in no file. */
  differs?: true;
  /** Never in the log: `line` was left out where the entry was sent, and can be asked for. */
  omitted?: true;
}

/** What an agent remembers after a fork: its own memory, or a text that tells it; or there is nothing to remember. */
export type Fidelity = 'exact' | 'primed' | 'none';

export type HostEndReason =
  | 'ladder'
  | 'force'
  | 'stop'
  | 'failed'
  | 'limit'
  | 'recycle'
  | 'idle'
  | 'settings';

export type EntryKind = keyof EntryDataByKind;

/** An entry that has no place in the log yet. */
export type NewEntry = {
  [Kind in EntryKind]: EntryBase & { kind: Kind; data: EntryDataByKind[Kind] };
}[EntryKind];
export type EntryOf<Kind extends EntryKind> = Extract<NewEntry, { kind: Kind }> & { seq: number };
/** An entry of the log, as clients see it. `digest` is the lower-case hex SHA-256 of `digestText`. */
export type Entry = NewEntry & { seq: number; digest: string };

/**
 * Which kinds are nodes of the conversation tree. `first`: only without `about` (a later state of a
 * tool call is not a node). `either`: the producer says, by giving a `parentId`.
 */
export const nodeRule: Record<EntryKind, 'always' | 'never' | 'first' | 'either'> = {
  prompt: 'never',
  delivery: 'always',
  message: 'always',
  thought: 'always',
  tool_call: 'first',
  plan: 'never',
  approval: 'never',
  decision: 'never',
  question: 'never',
  answer: 'never',
  run_started: 'never',
  abort: 'never',
  run_ended: 'never',
  usage: 'never',
  queue: 'never',
  settings: 'never',
  host: 'never',
  reset: 'always',
  compaction: 'always',
  fork: 'always',
  deletion: 'never',
  snapshot: 'never',
  restore: 'never',
  owner: 'never',
  native: 'either',
  stall: 'never',
  notice: 'never',
  external: 'either',
  unrecognized: 'never',
};
export const entryKinds = Object.keys(nodeRule) as readonly EntryKind[];

export function isNode(entry: {
  kind: EntryKind;
  about?: string;
  parentId?: string | null;
}): boolean {
  const rule = nodeRule[entry.kind];
  if (rule === 'first') return entry.about === undefined;
  return rule === 'always' || (rule === 'either' && entry.parentId !== undefined);
}

/** The text whose SHA-256 is the entry's digest. */
export function digestText(entry: NewEntry): string {
  const { id, kind, parentId, runId, by, parentCall, about, data } = entry;
  return canonicalJson({ id, kind, parentId, runId, by, parentCall, about, data });
}

/** What an entry was asked to say, without who, when and where: a repeated id with another one is refused. */
export function contentText(entry: { kind: EntryKind; data: unknown; about?: string }): string {
  return canonicalJson({ kind: entry.kind, about: entry.about, data: entry.data });
}

/** Ids match this everywhere; they never become file names or arguments without passing it. */
export const idPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
