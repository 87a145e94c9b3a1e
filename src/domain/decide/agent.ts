import type { Draft } from '../draft.ts';
import type { RunFailure } from '../entry.ts';
import { limits } from '../limits.ts';
import type { AgentInput } from '../partials.ts';
import { ask } from './ask.ts';
import { closeToolCall, condemnHost, endRun, sendPrompts, takePrompts } from './run.ts';
import { priced } from './usage.ts';

/** Decides what the agent said. Total: whatever it says at whatever time becomes entries or nothing. */
export function decideAgent(draft: Draft, host: string, input: AgentInput): void {
  if (draft.context.agent.activityIsEvidence && evidence.has(input.type)) takePrompts(draft);
  switch (input.type) {
    case 'opened':
      return opened(draft, host, input);
    case 'open_failed':
      return openFailed(draft, host, input.error);
    case 'prompt_taken':
      return takePrompts(draft, input.prompt);
    case 'prompt_dropped':
      return dropped(draft, input.prompt);
    case 'activity':
    case 'send':
      return;
    case 'turn_started':
      if (draft.run === null) {
        draft.write('run_started', { trigger: 'agent', prompts: [] }, { runId: draft.newId() });
      }
      return;
    case 'said':
      return said(draft, input);
    case 'tool_call':
      return toolCall(draft, input);
    case 'plan':
      draft.write('plan', { items: input.items }, { id: input.item });
      return;
    case 'approval':
    case 'question':
      return ask(draft, input);
    case 'request_withdrawn':
      return withdrawn(draft, input);
    case 'usage':
      draft.write('usage', priced(draft, input.report), { id: input.item });
      return;
    case 'settings':
      draft.write(
        'settings',
        { from: 'agent', changes: input.changes },
        { id: input.item, runId: null },
      );
      return;
    case 'turn_ended':
      return turnEnded(draft, input);
    case 'native':
      draft.write('native', input.line, { id: input.item, runId: null });
      return;
    case 'notice':
      draft.write('notice', { code: input.code, text: input.text }, { id: input.item });
      return;
    case 'garbage':
      return garbage(draft, host, input);
  }
}

const evidence: ReadonlySet<AgentInput['type']> = new Set([
  'activity',
  'said',
  'tool_call',
  'plan',
  'approval',
  'question',
]);

type Of<Type extends AgentInput['type']> = Extract<AgentInput, { type: Type }>;

function opened(draft: Draft, host: string, input: Of<'opened'>): void {
  const { nativeId, resumed, provisional } = input;
  const waits = draft.state.host?.phase === 'launched';
  const proven = provisional === true ? {} : { nativeId };
  draft.write('host', { host, state: 'opened', resumed, ...proven });
  if (input.settings !== undefined) {
    draft.write('settings', { from: 'agent', changes: input.settings }, { runId: null });
  }
  if (waits) sendPrompts(draft);
}

/** The host is of no use: it is stopped, and the prompt stays in the queue. */
function openFailed(draft: Draft, host: string, error: RunFailure): void {
  condemnHost(draft, 'failed');
  draft.effects.push({ type: 'stop_host', host });
  endRun(draft, { said: 'failed', error });
}

function said(draft: Draft, input: Of<'said'>): void {
  const data = {
    content: input.content,
    ...(input.incomplete ? { incomplete: true as const } : {}),
  };
  const more = {
    id: input.item,
    ...(input.parentCall === undefined ? {} : { parentCall: input.parentCall }),
  };
  draft.write(input.part === 'text' ? 'message' : 'thought', data, more);
}

function toolCall(draft: Draft, input: Of<'tool_call'>): void {
  const parent = input.parentCall === undefined ? {} : { parentCall: input.parentCall };
  const open = draft.run?.toolCalls ?? [];
  const known = open.find((item) => item.call === input.toolCall.call);
  const [oldest] = open;
  if (known === undefined && oldest !== undefined && open.length >= limits.openToolCalls) {
    closeToolCall(draft, oldest);
  }
  const about = known === undefined ? {} : { about: known.entry };
  draft.write('tool_call', input.toolCall, { id: input.item, ...about, ...parent });
}

function withdrawn(draft: Draft, input: Of<'request_withdrawn'>): void {
  const request = JSON.stringify(input.request);
  const open = draft.state.approvals.find((item) => JSON.stringify(item.request) === request);
  if (open === undefined) return;
  const data = { outcome: 'withdrawn', reason: input.reason } as const;
  const kind = open.kind === 'approval' ? 'decision' : 'answer';
  draft.write(kind, data, { id: input.item, about: open.id, runId: open.run });
}

/** A prompt that never was in the agent's conversation is not said to be delivered (P3). */
function dropped(draft: Draft, prompt: string): void {
  const isSent = draft.run?.prompts.some(({ id, state }) => id === prompt && state === 'sent');
  if (isSent !== true) return;
  const reason = 'the agent cancelled it before it was read';
  draft.write('queue', { change: 'withdrawn', reason }, { about: prompt });
}

function turnEnded(draft: Draft, input: Of<'turn_ended'>): void {
  const { run } = draft;
  if (run === null || (input.run !== undefined && input.run !== run.id)) {
    const text = `The agent ended a turn that is not open (${input.stopReason ?? input.outcome}).`;
    draft.write('notice', { code: 'late-end', text }, { id: input.item, runId: null });
    return;
  }
  takePrompts(draft);
  // A host that we end takes its run with it, whatever the agent says on its way out.
  if (draft.state.host?.phase === 'ending') return;
  endRun(draft, {
    said: input.outcome,
    ...(input.stopReason === undefined ? {} : { stopReason: input.stopReason }),
    ...(input.error === undefined ? {} : { error: input.error }),
    ...(input.mark === undefined ? {} : { mark: input.mark }),
  });
}

function garbage(draft: Draft, host: string, input: Of<'garbage'>): void {
  const { item, reason, raw, count, from, to } = input.garbage;
  draft.write('unrecognized', { reason, raw, count, range: { host, from, to } }, { id: item });
}
