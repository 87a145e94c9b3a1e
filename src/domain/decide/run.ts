import type { Draft } from '../draft.ts';
import type { EntryDataByKind, HostEndReason, Proof, RunEnded, RunFailure } from '../entry.ts';
import { outcomeOf } from '../run.ts';
import type { OpenRun, OpenToolCall } from '../session-state.ts';
import { tellDecision } from './approval.ts';
import { mayBegin } from './budget.ts';
import { goOnAfterLoss } from './lost.ts';
import { settlePending } from './usage.ts';

/**
 * Begins a run with a prompt: the one way in, for a send, for the next of the queue and for a prompt that
 * is tried again. Launches a host where there is none; sends at once where one is open.
 */
export function startRun(draft: Draft, prompt: string): string {
  const run = draft.newId();
  draft.write(
    'run_started',
    { trigger: 'prompt', prompts: [prompt] },
    { runId: run, by: { type: 'server' } },
  );
  if (draft.state.host === null) launchHost(draft);
  else sendPrompts(draft);
  return run;
}

/** Writes the intent of a host; the row goes into the same transaction, the spawn comes after it. */
export function launchHost(draft: Draft): void {
  // Never derived from what led to it: ids of entries are derived from the host's.
  const host = draft.context.newId();
  draft.write('host', { host, state: 'launched' }, { by: { type: 'server' } });
  draft.effects.push({ type: 'launch', host });
}

/**
 * Writes the intent to end the host, before anything is done about it. From here on it gets no prompt: what
 * is sent waits for its end.
 */
export function condemnHost(draft: Draft, reason: HostEndReason, error?: RunFailure): void {
  const { host } = draft.state;
  if (host === null || host.phase === 'ending') return;
  const more = error === undefined ? {} : { error };
  draft.write(
    'host',
    { host: host.id, state: 'ending', reason, ...more },
    { by: { type: 'server' } },
  );
}

/** Sends the prompts of a starting run to a host that is open. */
export function sendPrompts(draft: Draft): void {
  const { run } = draft;
  if (run === null || run.state !== 'starting') return;
  for (const prompt of run.prompts) {
    if (prompt.state !== 'sent') continue;
    const data = delivered(draft, prompt.id);
    if (data === null) return unreadable(draft, prompt.id);
    draft.tell({ type: 'prompt', run: run.id, prompt: prompt.id, ...data });
  }
}

/** Nothing is sent in the place of a content that is gone. */
function unreadable(draft: Draft, prompt: string): void {
  const message = 'The content of the prompt cannot be read any more.';
  draft.write('queue', { change: 'indeterminate', reason: message }, { about: prompt });
  endRun(draft, { said: 'failed', error: { category: 'storage', message } });
}

/**
 * The evidence is here: the agent has the prompt that it names or, where it names none, those that began
 * this run.
 */
export function takePrompts(draft: Draft, named?: string): void {
  for (const prompt of draft.run?.prompts ?? []) {
    if (prompt.state !== 'sent') continue;
    if (named === undefined ? prompt.steered === true : prompt.id !== named) continue;
    writeDelivery(draft, prompt.id);
  }
}

/** How a run came to its end. */
export interface RunConclusion {
  /** What the agent said of it; null when it said nothing. */
  said: 'completed' | 'cancelled' | 'failed' | null;
  stopReason?: string;
  error?: RunFailure;
  killed?: boolean;
  lost?: boolean;
  exitCode?: number;
  signal?: string;
  proof?: Proof;
  mark?: string;
}

/**
 * The one place where a run ends (R2): closes what is open in it, settles its prompts, writes the terminal
 * entry, and takes the next prompt of the queue.
 */
export function endRun(draft: Draft, end: RunConclusion): void {
  const { run } = draft;
  if (run === null) return;
  const { held } = draft.state;
  closeToolCalls(draft);
  withdrawApprovals(draft, 'the run ended');
  settlePrompts(draft, end);
  settlePending(draft);
  const terminal = conclude(draft, end);
  draft.write('run_ended', terminal);
  if (run.abort !== null && terminal.outcome === 'cancelled') {
    sweepAfter(draft, run);
  }
  goOnAfterLoss(draft, { run, ended: terminal, held });
  takeNext(draft);
}

/** What was started for a cancelled run and lives on is ended; not what the next run starts. */
function sweepAfter(draft: Draft, run: OpenRun): void {
  if (run.sentAt === null) return;
  const { at } = draft.context;
  draft.effects.push({ type: 'sweep', run: run.id, since: run.sentAt, until: at });
}

/** Starts the run of the next prompt that waits, unless the queue is held or the host is being ended. */
export function takeNext(draft: Draft): void {
  const { run, queue, held } = draft.state;
  const [next] = queue;
  if (run !== null || next === undefined || held || !mayBegin(draft)) return;
  renewHost(draft);
  if (draft.state.host?.phase !== 'ending') startRun(draft, next.id);
}

/** A host that was opened with other settings gives way before it gets the next prompt. */
export function renewHost(draft: Draft): void {
  const { host, run } = draft.state;
  if (run !== null || host?.stale !== true || host.phase === 'ending') return;
  condemnHost(draft, 'settings');
  draft.effects.push({ type: 'stop_host', host: host.id });
}

/** What goes to the agent: before its prompt, what it does not remember of the conversation. */
function delivered(draft: Draft, prompt: string): EntryDataByKind['delivery'] | null {
  const content = draft.context.contentOf(prompt);
  const primer = draft.state.primer === null ? null : draft.context.primer();
  if (content === null) return null;
  return primer === null ? { content } : { content: [primer, ...content], primed: true };
}

function writeDelivery(draft: Draft, prompt: string): void {
  draft.write('delivery', delivered(draft, prompt) ?? { content: [] }, { about: prompt });
}

function closeToolCalls(draft: Draft): void {
  for (const open of draft.run?.toolCalls ?? []) closeToolCall(draft, open);
}

/** Nobody will tell how this call ends. */
export function closeToolCall(draft: Draft, open: OpenToolCall): void {
  const { call, entry, title, kind, name, parentCall } = open;
  draft.write(
    'tool_call',
    { call, title, kind, status: 'cancelled', ...(name === undefined ? {} : { name }) },
    { about: entry, ...(parentCall === undefined ? {} : { parentCall }) },
  );
}

/** Open approvals and questions end with their run; the agent is told, where there still is one. */
export function withdrawApprovals(draft: Draft, reason: string): void {
  for (const open of draft.state.approvals) {
    const kind = open.kind === 'approval' ? 'decision' : 'answer';
    draft.write(kind, { outcome: 'withdrawn', reason }, { about: open.id, runId: open.run });
    tellDecision(draft, open, { outcome: 'withdrawn' });
  }
}

/** Every prompt of the run comes to one honest state (P3). */
function settlePrompts(draft: Draft, end: RunConclusion): void {
  const { run } = draft;
  if (run === null) return;
  const aborted = run.abort !== null;
  // From the last to the first: each that goes back goes to the front of the queue.
  for (const prompt of run.prompts.toReversed()) {
    if (prompt.state === 'taken') continue;
    if (prompt.state === 'waiting') {
      const change = aborted ? 'withdrawn' : 'requeued';
      draft.write('queue', { change, reason: 'it was not sent' }, { about: prompt.id });
    } else if (end.said !== null && prompt.steered !== true) {
      writeDelivery(draft, prompt.id);
    } else {
      const again = draft.context.agent.deduplicatesPrompts && !aborted;
      const reason = 'the run ended before the agent showed that it had the prompt';
      draft.write(
        'queue',
        { change: again ? 'requeued' : 'indeterminate', reason },
        { about: prompt.id },
      );
    }
  }
}

function conclude(draft: Draft, end: RunConclusion): RunEnded {
  const run = draft.run!;
  const outcome = outcomeOf({
    state: run.state,
    said: end.said,
    killed: end.killed ?? false,
    lost: end.lost ?? false,
  });
  const timedOut = run.abort?.reason === 'timeout' && outcome === 'cancelled';
  const stopReason = timedOut ? 'timeout' : end.stopReason;
  return {
    outcome,
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(end.error === undefined || outcome === 'cancelled' ? {} : { error: end.error }),
    usage: run.usage,
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(end.signal === undefined ? {} : { signal: end.signal }),
    durationMs: Math.max(0, draft.context.now - Date.parse(run.startedAt)),
    turns: run.turns,
    ...(run.answer === null ? {} : { answer: run.answer }),
    ...(end.proof === undefined ? {} : { proof: end.proof }),
    ...(end.mark === undefined ? {} : { mark: end.mark }),
  };
}
