import { textOf, type ToolCall } from './content.ts';
import {
  type EntryOf,
  isNode,
  type NewEntry,
  type RunOutcome,
  type SettingsChange,
} from './entry.ts';
import { limits } from './limits.ts';
import { advance } from './run.ts';
import { agentSettings, touched } from './settings.ts';
import { titleFrom } from './title.ts';
import type { OpenRun, SessionState } from './session-state.ts';
import { addReport, noUsage, type UsageReport } from './usage.ts';

const rememberedReports = 32;
const rememberedDecisions = 64;

/** An entry with its place, before its digest matters. */
export type PlacedEntry = NewEntry & { seq: number };

/**
 * The state after an entry. Pure and total: every kind has its case, and an entry that does not fit the
 * state (a decision about nothing, a second terminal) changes nothing but the counters.
 */
export function evolve(state: SessionState, entry: PlacedEntry): SessionState {
  const next = {
    ...state,
    lastSeq: entry.seq,
    updatedAt: entry.at,
    createdAt: state.createdAt === '' ? entry.at : state.createdAt,
    lastActivityAt:
      quiet.has(entry.kind) && state.lastActivityAt !== '' ? state.lastActivityAt : entry.at,
  };
  if (isNode(entry)) next.head = entry.id;
  return apply(next, entry);
}

/** Kinds that are no activity of a person or an agent. */
const quiet: ReadonlySet<string> = new Set(['settings', 'owner', 'snapshot', 'host', 'usage']);

function apply(state: SessionState, entry: PlacedEntry): SessionState {
  switch (entry.kind) {
    case 'settings':
      return settings(state, entry);
    case 'prompt':
      return prompt(state, entry);
    case 'delivery':
      return withRun({ ...state, primer: null }, entry, (run) => ({
        ...run,
        state: advance(run.state, 'taken'),
        prompts: run.prompts.map((item) =>
          item.id === entry.about ? { ...item, state: 'taken' } : item,
        ),
      }));
    case 'run_started':
      return runStarted(state, entry);
    case 'abort':
      return withRun(
        { ...state, queue: entry.data.queue === 'withdraw' ? [] : state.queue },
        entry,
        (run) => ({
          ...run,
          state: advance(run.state, 'abort'),
          abort: {
            force: entry.data.force || (run.abort?.force ?? false),
            reason: abortReason(run, entry.data.reason),
          },
        }),
      );
    case 'run_ended':
      return runEnded(state, entry);
    case 'message':
      return message(state, entry);
    case 'tool_call':
      return withRun(state, entry, (run) => ({ ...run, toolCalls: toolCalls(run, entry) }));
    case 'approval':
    case 'question':
      return question(state, entry);
    case 'decision':
    case 'answer':
      return decided(state, entry);
    case 'usage':
      return usage(state, entry);
    case 'queue':
      return queue(state, entry);
    case 'stall':
      return withRun(state, entry, (run) => ({ ...run, stalled: entry.data.state === 'silent' }));
    case 'host':
      return host(state, entry);
    case 'reset':
      return { ...anew(state), boundary: entry.seq, queue: [], held: false, primer: null };
    case 'compaction': {
      const { keepSeq, primer } = entry.data;
      return { ...anew(state), boundary: keepSeq, primer: primer ?? null };
    }
    case 'fork':
      return forked(state, entry);
    case 'deletion': {
      const deletedAt = entry.data.state === 'deleted' ? entry.at : null;
      const { purgeAt = null } = entry.data;
      return { ...state, deletedAt, purgeAt, queue: [], held: false };
    }
    case 'thought':
    case 'plan':
    case 'snapshot':
    case 'owner':
    case 'notice':
    case 'external':
    case 'unrecognized':
      return state;
  }
}

function settings(state: SessionState, entry: EntryOf<'settings'>): SessionState {
  const { changes } = entry.data;
  const next: SessionState = { ...state };
  for (const name of plainSettings) {
    const value = changes[name];
    if (value !== undefined) Object.assign(next, { [name]: value });
  }
  const later = touched(changes).some((name) => entry.data.live?.includes(name) !== true);
  if (later && entry.data.from !== 'agent' && next.host !== null) {
    next.host = { ...next.host, stale: true };
  }
  if (
    changes.title !== undefined &&
    (entry.data.from !== 'agent' || state.titleFrom !== 'client')
  ) {
    next.title = changes.title;
    next.titleFrom =
      changes.title === null ? null : entry.data.from === 'agent' ? 'agent' : 'client';
  }
  return next;
}

const plainSettings = [
  'key',
  'agent',
  'cwd',
  'label',
  'meta',
  ...agentSettings,
  'draft',
  'archived',
  'modelInForce',
  'context',
  'parent',
  'onLost',
] as const satisfies readonly (keyof SettingsChange)[];

function prompt(state: SessionState, entry: EntryOf<'prompt'>): SessionState {
  const item = {
    id: entry.id,
    ...(entry.data.timeoutMs === undefined ? {} : { timeoutMs: entry.data.timeoutMs }),
  };
  if (entry.runId !== undefined) {
    const steering = { ...item, state: 'sent', steered: true } as const;
    return withRun(state, entry, (run) => ({ ...run, prompts: [...run.prompts, steering] }));
  }
  const stopped = state.run?.state === 'stopping' && !goesOn(state, state.run, 'cancelled');
  const { continues } = entry.data;
  const first = entry.data.delivery === 'interrupt' || stopped || continues !== undefined;
  const named =
    state.title === null && continues === undefined ? titleFrom(textOf(entry.data.content)) : null;
  return {
    ...state,
    queue: first ? [item, ...state.queue] : [...state.queue, item],
    // A draft waits until somebody sends to it or releases it.
    held: state.draft,
    run: stopped ? released(state.run) : state.run,
    continued: continues === undefined ? 0 : state.continued + 1,
    ...(named === null ? {} : { title: named, titleFrom: 'prompt' as const }),
  };
}

/** Somebody who stops a run and then sends a prompt means that prompt: it is next, and nothing is held. */
function released(run: OpenRun | null): OpenRun | null {
  return run?.abort ? { ...run, abort: { ...run.abort, released: true } } : run;
}

function runStarted(state: SessionState, entry: EntryOf<'run_started'>): SessionState {
  if (state.run !== null || entry.runId === undefined) return state;
  const taken = new Set(entry.data.prompts);
  const sent = state.host?.phase === 'open' ? 'sent' : 'waiting';
  return {
    ...state,
    held: entry.data.trigger === 'agent' && state.held,
    queue: state.queue.filter((item) => !taken.has(item.id)),
    run: {
      id: entry.runId,
      state: entry.data.trigger === 'agent' ? 'working' : 'starting',
      trigger: entry.data.trigger,
      startedAt: entry.at,
      sentAt: sent === 'sent' ? entry.at : null,
      prompts: entry.data.prompts.map((id) => ({
        ...(state.queue.find((item) => item.id === id) ?? { id }),
        state: sent,
      })),
      toolCalls: [],
      launches: 0,
      abort: null,
      stalled: false,
      usage: noUsage,
      turns: 0,
      answer: null,
    },
  };
}

function runEnded(state: SessionState, entry: EntryOf<'run_ended'>): SessionState {
  const { run } = state;
  if (run === null || run.id !== entry.runId) return state;
  const { outcome, durationMs, error, proof, mark } = entry.data;
  return {
    ...state,
    run: null,
    nativeMark: mark ?? null,
    continued: outcome === 'completed' ? 0 : state.continued,
    // Beside processes that could not be ended nothing is started unasked.
    held: state.queue.length > 0 && (proof?.gone === false || !goesOn(state, run, outcome)),
    lastRun: {
      id: run.id,
      outcome,
      startedAt: run.startedAt,
      endedAt: entry.at,
      durationMs,
      ...(error === undefined ? {} : { error }),
    },
  };
}

/** Whether the queue goes on after this run; one that was held before an agent's own run stays so. */
function goesOn(state: SessionState, run: OpenRun, outcome: RunOutcome): boolean {
  if (outcome === 'completed') return !state.held;
  return run.abort?.reason === 'interrupt' || run.abort?.released === true;
}

function message(state: SessionState, entry: EntryOf<'message'>): SessionState {
  const text = textOf(entry.data.content);
  const next = withRun(state, entry, (run) =>
    entry.parentCall === undefined && text !== ''
      ? {
          ...run,
          turns: run.turns + 1,
          answer: { entry: entry.id, text: text.slice(0, limits.answerChars) },
        }
      : run,
  );
  if (text === '' || entry.parentCall !== undefined) return next;
  return { ...next, lastMessage: text.trim().slice(0, 240) };
}

function toolCalls(run: OpenRun, entry: EntryOf<'tool_call'>): OpenRun['toolCalls'] {
  const { call } = entry.data;
  const known = run.toolCalls.find((item) => item.call === call);
  const others = run.toolCalls.filter((item) => item.call !== call);
  const { status } = entry.data;
  if (status !== 'pending' && status !== 'in_progress') return others;
  return [...others, openToolCall(entry.data, known?.entry ?? entry.id, status, entry.parentCall)];
}

function openToolCall(
  toolCall: ToolCall,
  entry: string,
  status: 'pending' | 'in_progress',
  parentCall: string | undefined,
): OpenRun['toolCalls'][number] {
  return {
    call: toolCall.call,
    entry,
    title: toolCall.title.slice(0, 400),
    kind: toolCall.kind,
    status,
    ...(toolCall.name === undefined ? {} : { name: toolCall.name }),
    ...(parentCall === undefined ? {} : { parentCall }),
  };
}

function question(state: SessionState, entry: EntryOf<'approval' | 'question'>): SessionState {
  const asked = {
    id: entry.id,
    kind: entry.kind,
    request: entry.data.request,
    run: entry.runId ?? null,
    title: (entry.kind === 'approval' ? entry.data.title : entry.data.message).slice(0, 400),
    options:
      entry.kind === 'approval' ? entry.data.options.map(({ id, kind }) => ({ id, kind })) : [],
  };
  return { ...state, approvals: [...state.approvals, asked] };
}

function decided(state: SessionState, entry: EntryOf<'decision' | 'answer'>): SessionState {
  const open = state.approvals.find((item) => item.id === entry.about);
  if (open === undefined) return state;
  const option = entry.kind === 'decision' ? entry.data.option : undefined;
  const decision = {
    approval: open.id,
    decision: entry.id,
    outcome: entry.data.outcome,
    by: entry.by,
    ...(option === undefined ? {} : { option }),
  };
  return {
    ...state,
    approvals: state.approvals.filter((item) => item !== open),
    decided: [...state.decided, decision].slice(-rememberedDecisions),
  };
}

function usage(state: SessionState, entry: EntryOf<'usage'>): SessionState {
  const { key, model, tokens, cost } = entry.data;
  const report: UsageReport = {
    key,
    tokens,
    ...(model === undefined ? {} : { model }),
    ...(cost === undefined ? {} : { cost }),
  };
  const previous = state.reports.find((item) => item.key === key);
  const reports = [...state.reports.filter((item) => item !== previous), report];
  const next = withRun(state, entry, (run) => ({
    ...run,
    usage: addReport(run.usage, report, previous),
  }));
  return {
    ...next,
    usage: addReport(state.usage, report, previous),
    reports: reports.slice(-rememberedReports),
  };
}

function queue(state: SessionState, entry: EntryOf<'queue'>): SessionState {
  const { about } = entry;
  switch (entry.data.change) {
    case 'released':
      return {
        ...state,
        held: false,
        continued: entry.data.continues === undefined ? state.continued : state.continued + 1,
      };
    case 'edited':
      return {
        ...state,
        queue: state.queue.map((item) =>
          item.id === about ? { ...item, edited: entry.id } : item,
        ),
      };
    case 'moved': {
      const item = state.queue.find((candidate) => candidate.id === about);
      if (item === undefined) return state;
      const others = state.queue.filter((candidate) => candidate !== item);
      return { ...state, queue: others.toSpliced((entry.data.to ?? 1) - 1, 0, item) };
    }
    case 'withdrawn':
    case 'indeterminate':
      return {
        ...state,
        queue: state.queue.filter((item) => item.id !== about),
        run: state.run && {
          ...state.run,
          prompts: state.run.prompts.filter((item) => item.id !== about),
        },
      };
    case 'requeued': {
      const item = state.run?.prompts.find((candidate) => candidate.id === about);
      if (item === undefined || state.run === null) return state;
      const { state: was, steered: _steered, ...queued } = item;
      const sent = was === 'sent' ? { sent: true as const } : {};
      return {
        ...state,
        queue: [{ ...queued, ...sent }, ...state.queue],
        run: { ...state.run, prompts: state.run.prompts.filter((candidate) => candidate !== item) },
      };
    }
  }
}

function host(state: SessionState, entry: EntryOf<'host'>): SessionState {
  const { data } = entry;
  switch (data.state) {
    case 'launched':
      return {
        ...state,
        host: { id: data.host, phase: 'launched' },
        run: state.run && { ...state.run, launches: state.run.launches + 1 },
      };
    case 'opened':
      if (state.host?.id !== data.host) return state;
      return {
        ...state,
        host: state.host.phase === 'ending' ? state.host : { ...state.host, phase: 'open' },
        ...native(state, data.nativeId),
        run: opensFor(state) ? sendWaiting(state.run!, entry.at) : state.run,
      };
    case 'ending':
      if (state.host?.id !== data.host) return state;
      return {
        ...state,
        host: {
          ...state.host,
          phase: 'ending',
          ...(data.error === undefined ? {} : { error: data.error }),
        },
      };
    case 'ended':
      return state.host?.id === data.host ? { ...state, host: null } : state;
  }
}

/** A native session that was opened: a mark in another one is none in it, and a copy is made but once. */
function native(state: SessionState, opened: string | undefined): Partial<SessionState> {
  if (opened === undefined) return {};
  const nativeMark = opened === state.nativeId ? state.nativeMark : null;
  return { nativeId: opened, nativeMark, forkNative: null, forkMark: null };
}

/** Whether a run waits for this host to open. */
function opensFor(state: SessionState): boolean {
  return state.run?.state === 'starting' && state.host?.phase === 'launched';
}

/** An interrupt that somebody turns into a stop is a stop: it holds the queue. */
function abortReason(run: OpenRun, reason: AbortReason): AbortReason {
  return run.abort === null || run.abort.reason === 'interrupt' ? reason : run.abort.reason;
}
type AbortReason = EntryOf<'abort'>['data']['reason'];

function sendWaiting(run: OpenRun, at: string): OpenRun {
  const prompts = run.prompts.map((item) =>
    item.state === 'waiting' ? { ...item, state: 'sent' as const } : item,
  );
  return { ...run, sentAt: run.sentAt ?? at, prompts };
}

function forked(state: SessionState, { data }: EntryOf<'fork'>): SessionState {
  const { session, entry, seq, nativeId = null, nativeMark = null, primer = null } = data;
  const forkedFrom = { session, entry, seq };
  return { ...state, forkedFrom, forkNative: nativeId, forkMark: nativeMark, primer };
}

/** The agent begins anew: what it remembers of before is not asked for any more. */
function anew(state: SessionState): SessionState {
  const host = state.host === null ? null : ({ ...state.host, stale: true } as const);
  const context = { ...state.context, known: false };
  const nothing = { nativeId: null, nativeMark: null, forkNative: null, forkMark: null };
  return { ...state, ...nothing, context, host };
}

function withRun(
  state: SessionState,
  entry: { runId?: string },
  change: (run: OpenRun) => OpenRun,
): SessionState {
  if (state.run === null || state.run.id !== entry.runId) return state;
  return { ...state, run: change(state.run) };
}
