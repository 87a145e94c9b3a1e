import { remember } from './budget.ts';
import { textOf, type ToolCall } from './content.ts';
import { type EntryOf, isNode, type NewEntry, type RunOutcome } from './entry.ts';
import { host } from './evolve/host.ts';
import { queue } from './evolve/queue.ts';
import { settings } from './evolve/settings.ts';
import { limits } from './limits.ts';
import { advance } from './run.ts';
import { titleFrom } from './title.ts';
import type { OpenRun, SessionState } from './session-state.ts';
import { addReport, noUsage, pendingAfter, type UsageReport } from './usage.ts';

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
const quiet: ReadonlySet<string> = new Set([
  'settings',
  'owner',
  'native',
  'snapshot',
  'restore',
  'host',
  'usage',
]);

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
      return {
        ...anew(state, entry.seq),
        boundary: entry.seq,
        queue: [],
        held: false,
        primer: null,
      };
    case 'compaction': {
      const { keepSeq, primer } = entry.data;
      // An agent elsewhere says it in lines of its own.
      const native = state.writer.state === 'external' ? state.nativeBoundary : entry.seq;
      return { ...anew(state, native), boundary: keepSeq, primer: primer ?? null };
    }
    case 'fork':
      return forked(state, entry);
    case 'deletion': {
      const deletedAt = entry.data.state === 'deleted' ? entry.at : null;
      const { purgeAt = null } = entry.data;
      return { ...state, deletedAt, purgeAt, queue: [], held: false };
    }
    case 'restore':
      if (entry.data.state === 'begun') return { ...state, restore: entry.id };
      return entry.about === state.restore ? { ...state, restore: null } : state;
    case 'notice':
      return { ...state, crossings: (entry.data.budget ?? []).reduce(remember, state.crossings) };
    case 'owner':
      return owner(state, entry);
    case 'native':
      return native(state, entry);
    case 'thought':
    case 'plan':
    case 'snapshot':
    case 'external':
    case 'unrecognized':
      return state;
  }
}

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
    ran: { ...state.ran, runs: state.ran.runs + 1 },
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
      pending: null,
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
    ran: { ...state.ran, wallMs: state.ran.wallMs + durationMs },
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
    at: entry.at,
    ...(entry.data.outside === true ? { outside: true as const } : {}),
    ...(entry.kind === 'approval' && entry.data.budget !== undefined
      ? { budget: entry.data.budget }
      : {}),
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
  const { outcome } = entry.data;
  const crossings =
    open.budget !== undefined && (outcome === 'allowed' || outcome === 'denied')
      ? remember(state.crossings, { ...open.budget, state: outcome })
      : state.crossings;
  return {
    ...state,
    crossings,
    approvals: state.approvals.filter((item) => item !== open),
    decided: [...state.decided, decision].slice(-rememberedDecisions),
  };
}

function usage(state: SessionState, entry: EntryOf<'usage'>): SessionState {
  const { key, model, tokens, cost, pending } = entry.data;
  const report: UsageReport = {
    key,
    tokens,
    ...(model === undefined ? {} : { model }),
    ...(cost === undefined ? {} : { cost }),
    ...(pending === undefined ? {} : { pending }),
  };
  const previous = state.reports.find((item) => item.key === key);
  const reports = [...state.reports.filter((item) => item !== previous), report];
  const next = withRun(state, entry, (run) => ({
    ...run,
    usage: addReport(run.usage, report, previous),
    pending: pendingAfter(run.pending, report, previous),
  }));
  return {
    ...next,
    usage: addReport(state.usage, report, previous),
    reports: reports.slice(-rememberedReports),
  };
}

/** An interrupt that somebody turns into a stop is a stop: it holds the queue. */
function abortReason(run: OpenRun, reason: AbortReason): AbortReason {
  return run.abort === null || run.abort.reason === 'interrupt' ? reason : run.abort.reason;
}
type AbortReason = EntryOf<'abort'>['data']['reason'];

function forked(state: SessionState, { data }: EntryOf<'fork'>): SessionState {
  const { session, entry, seq, nativeId = null, nativeMark = null, primer = null } = data;
  const forkedFrom = { session, entry, seq };
  return { ...state, forkedFrom, forkNative: nativeId, forkMark: nativeMark, primer };
}

function native(
  state: SessionState,
  { seq, data }: Extract<PlacedEntry, { kind: 'native' }>,
): SessionState {
  const { file, boundary, begunBy } = data;
  if (file !== '' && begunBy !== undefined) {
    // It stays small, whatever an imported log says.
    if (file.length + begunBy.length > limits.helperChars) return state;
    const others = (state.helpers ?? []).filter((helper) => helper.file !== file);
    return { ...state, helpers: [...others, { file, call: begunBy }].slice(-limits.helpers) };
  }
  // Sub-agents, in files of their own, forget for themselves.
  return boundary === true && file === '' ? { ...state, nativeBoundary: seq } : state;
}

/** The agent begins anew: what it remembers of before is not asked for any more. */
function anew(state: SessionState, nativeBoundary = state.nativeBoundary): SessionState {
  const host = state.host === null ? null : ({ ...state.host, stale: true } as const);
  const context = { ...state.context, known: false };
  const nothing = { nativeId: null, nativeMark: null, forkNative: null, forkMark: null };
  return { ...state, ...nothing, nativeBoundary, context, host };
}

/** An agent that takes over is told what it does not remember, unless its own memory was put in its place. */
function owner(state: SessionState, { data }: EntryOf<'owner'>): SessionState {
  const { state: writer, epoch, to = null, memory, nativeId = null, primer = null } = data;
  const next = { ...state, writer: { state: writer, epoch, to } };
  if (memory === undefined) return next;
  return { ...anew(next), nativeId, primer };
}

function withRun(
  state: SessionState,
  entry: { runId?: string },
  change: (run: OpenRun) => OpenRun,
): SessionState {
  if (state.run === null || state.run.id !== entry.runId) return state;
  return { ...state, run: change(state.run) };
}
