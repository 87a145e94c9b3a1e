import type { Owner, Place, RunFailure, RunOutcome } from './entry.ts';
import { type SessionState, type SessionStatus, statusOf } from './session-state.ts';
import type { ContextWindow, Money, Tokens } from './usage.ts';

/** A session as lists, `get` and `sessions.changed` show it. Times are ISO 8601 UTC. */
export interface SessionRow {
  id: string;
  key: string | null;
  agent: string;
  cwd: string;
  title: string | null;
  label: string | null;
  meta: { readonly [name: string]: string };
  model: string | null;
  modelInForce: { provider?: string; id: string } | null;
  mode: string | null;
  effort: string | null;
  status: SessionStatus;
  activeRun: { id: string; state: string; trigger: string; startedAt: string } | null;
  lastRun: {
    id: string;
    outcome: RunOutcome;
    startedAt: string;
    endedAt: string;
    durationMs: number;
    error?: RunFailure;
  } | null;
  openApprovals: number;
  queued: number;
  /** The queue waits for the next send or a release. */
  held: boolean;
  nativeId: string | null;
  /** Who writes it: agents of this daemon, somebody from outside, or nobody here while or since it moved. */
  writer: { state: Owner['state']; epoch: number; to: Place | null };
  /** Where it worked, of a session that was written elsewhere. */
  originCwd: string | null;
  parent: string | null;
  forkedFrom: { session: string; entry: string | null; seq: number } | null;
  context: ContextWindow;
  usage: Tokens;
  cost: Money | null;
  createdAt: string;
  updatedAt: string;
  lastActivityAt: string;
  archived: boolean;
  /** What may be done unasked; `bypassUntil` is null where everything is asked about. */
  policy: { autoAcceptEdits: boolean; bypassUntil: string | null };
  /** Null unless it was deleted and is kept for a time. */
  deletedAt: string | null;
  lastMessage: string | null;
  head: string | null;
  lastSeq: number;
}

/** Of a copy that is on its way here, or was: what its log says of runs and questions is its source's. */
export function arrivingRow(row: SessionRow): SessionRow {
  return { ...row, status: 'readonly', activeRun: null, openApprovals: 0 };
}

export function rowOf(state: SessionState): SessionRow {
  const { run, usage } = state;
  return {
    id: state.id,
    key: state.key,
    agent: state.agent,
    cwd: state.cwd,
    title: state.title,
    label: state.label,
    meta: state.meta,
    model: state.model,
    modelInForce: state.modelInForce,
    mode: state.mode,
    effort: state.effort,
    status: statusOf(state),
    activeRun: run && {
      id: run.id,
      state: run.state,
      trigger: run.trigger,
      startedAt: run.startedAt,
    },
    lastRun: state.lastRun,
    openApprovals: state.approvals.length,
    queued: state.queue.length,
    held: state.held,
    nativeId: state.nativeId,
    writer: state.writer,
    originCwd: state.originCwd,
    parent: state.parent,
    forkedFrom: state.forkedFrom,
    context: state.context,
    usage: usage.tokens,
    cost: usage.cost,
    createdAt: state.createdAt,
    updatedAt: state.updatedAt,
    lastActivityAt: state.lastActivityAt,
    archived: state.archived,
    policy: {
      autoAcceptEdits: state.policy.autoAcceptEdits,
      bypassUntil: state.policy.bypassUntil,
    },
    deletedAt: state.deletedAt,
    lastMessage: state.lastMessage,
    head: state.head,
    lastSeq: state.lastSeq,
  };
}
