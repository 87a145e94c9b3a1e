import type { ContentBlock } from '../domain/content.ts';
import type { By, Delivery, Proof, RunOutcome } from '../domain/entry.ts';
import type { SessionRow } from '../domain/row.ts';
import type { ProbeReport } from '../ports/probe.ts';
import type { RawPage, RawQuery } from './raw-page.ts';
import type { SessionStatus } from '../domain/session-state.ts';
import type { AgentSettings } from '../domain/settings.ts';
import type { FeedSink, FeedSnapshot, HeldPartial } from './frames.ts';
import type { CreateAnswer, CreateInput } from './create-input.ts';
import type { Prices } from '../ports/budgets.ts';
import type { Policies } from '../ports/policies.ts';
import type { SessionPolicy } from '../domain/policy.ts';
import type { ApprovalOps } from './approval-ops.ts';
import type { SessionOps } from './session-ops.ts';

export type { CreateAnswer, CreateInput } from './create-input.ts';

/**
 * The use-cases that faces call. Every promise resolves after the commit of what it tells, and rejects
 * with a `RefusalError` whose code says what to change. A session is named by its id here; faces find
 * the id of a key by `find`.
 */
export interface Engine extends SessionOps {
  /** Id of the session that an id or canonical key names; `not_found` otherwise. */
  find(name: string): Promise<string>;
  create(input: CreateInput, by: By): Promise<CreateAnswer>;
  send(session: string, input: SendInput, by: By): Promise<SendAnswer>;
  abort(session: string, input: AbortInput, by: By): Promise<AbortAnswer>;
  get(session: string): Promise<SessionView>;

  /** A page of the lines that went between the daemon and the agent in a run, both ways, as they were. */
  raw(session: string, query: RawQuery): Promise<RawPage>;

  /**
   * Registers a feed first, then answers what is there: no gap, no double. Entries after `after` (default:
   * only new ones) and text in progress go to the sink until it is closed. Frames may reach the sink before
   * the promise resolves: a face holds them back until the snapshot is on its way.
   */
  openFeed(session: string, options: FeedOptions, sink: FeedSink): Promise<OpenedFeed>;
  /** `sessions.changed` frames, coalesced, for sessions that the filter lets through. */
  openList(filter: ListFilter, sink: FeedSink): OpenedList;

  readonly approvals: ApprovalOps;
  readonly policies: Policies;
  /** By what is estimated what agents do not tell; null for nothing. */
  readonly prices: Prices | null;
  readonly agents: EngineAgents;
  readonly started: StartReport;
  /** Free space of the state directory in bytes, null before the first look; `low` accepts no prompt. */
  readonly space: { state: 'plenty' | 'low' | 'short'; free: number | null };

  /** Ends the open runs and hosts (`stop`) or lets go of them (`detach`); the engine takes no more commands. */
  shutdown(mode: 'stop' | 'detach'): Promise<readonly ShutRun[]>;
}

export interface SendInput {
  id?: string;
  content: readonly ContentBlock[];
  delivery: Delivery;
  allowInterrupt: boolean;
  timeoutMs?: number;
  effort?: string;
  expectedHead?: string | null;
}
export interface SendAnswer {
  key: string | null;
  entry: { id: string; seq: number };
  duplicate: boolean;
  state: 'starting' | 'queued' | 'steering' | 'delivered' | 'withdrawn' | 'indeterminate';
  run?: string;
  position?: number;
  queued: number;
  interrupted?: string;
}

export interface AbortInput {
  run?: string;
  force: boolean;
  /** Answer when the run has ended (`aborted`), not when its end is written down (`stopping`). */
  wait: boolean;
  queue: 'keep' | 'withdraw';
}
export interface AbortAnswer {
  key: string | null;
  run?: string;
  status: 'aborted' | 'stopping' | 'no-active-run';
  outcome?: RunOutcome;
  queued: number;
  proof?: Proof;
}

export interface SessionView {
  row: SessionRow;
  host: HostView | null;
  /** In force for the next host; names of variables without their values. */
  settings: AgentSettings;
  onLost: 'stop' | 'continue';
  policy: SessionPolicy;
  /** The seq at which readers begin after the last compaction or reset; null for the beginning. */
  boundary: number | null;
  /** The same of what its agent keeps by itself. */
  nativeBoundary: number | null;
}

export interface HostView {
  id: string;
  phase: 'launched' | 'open' | 'ending';
  pid: number | null;
}

export interface FeedOptions {
  after?: number;
  partials?: readonly HeldPartial[];
}
export interface OpenedFeed {
  snapshot: FeedSnapshot & { key: string | null };
  close(): void;
}

/** A session that passes no longer is told with a row of null. */
export interface ListFilter {
  status?: readonly SessionStatus[];
  agent?: string;
  label?: string;
  cwd?: string;
  parent?: string;
  meta?: { readonly [name: string]: string };
  archived?: boolean;
  /** Only these sessions (a token that is bound to sessions). */
  sessions?: readonly string[];
  /** Only these and what descends from them: a session whose parent is in it passes, and is added to it. */
  family?: Set<string>;
}
export interface OpenedList {
  asOf: string;
  close(): void;
}

export interface EngineAgents {
  readonly default: string;
  /** With what is known of each; starts nothing. */
  readonly list: readonly AgentView[];
  /** Asks one agent or all about themselves, where nothing good is known or `refresh` is wanted. */
  probe(agent: string | undefined, refresh: boolean): Promise<readonly AgentView[]>;
}

export interface AgentView {
  name: string;
  title: string;
  protocol: string;
  steer: boolean;
  resume: boolean;
  images: boolean;
  /** What it asks for may be allowed with another input. */
  editsInput: boolean;
  /** A message with a denial reaches it. */
  hearsDenials: boolean;
  install: string;
  /** The version that Turnkeep was tested with. */
  tested: string | null;
  /** What the last probe found; null before the first. */
  found: (ProbeReport & { at: string; ageMs: number }) | null;
}

/** What the last start found of sessions that had a host. */
export interface StartReport {
  continued: number;
  ended: number;
  lost: number;
  setAside: readonly { session: string; reason: string }[];
}

export interface ShutRun {
  session: string;
  run: string | null;
  outcome: RunOutcome | null;
}
