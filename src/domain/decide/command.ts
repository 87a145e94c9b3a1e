import { textOf, type ContentBlock } from '../content.ts';
import type { Draft } from '../draft.ts';
import type { Delivery, RunFailure, SettingsChange } from '../entry.ts';
import type { Json } from '../json.ts';
import { limits } from '../limits.ts';
import { refuse } from '../refusal.ts';
import type { OpenQuestion } from '../session-state.ts';
import { decideStall } from './stall.ts';
import { condemnHost, endRun, startRun, takeNext, withdrawApprovals } from './run.ts';

/** What clients ask of a session. The caller's identity is the draft's author. */
export type Command =
  | { type: 'create'; changes: SettingsChange; prompt?: Send }
  | Send
  | {
      type: 'abort';
      run?: string;
      force: boolean;
      reason: 'asked' | 'timeout' | 'stop';
      queue: 'keep' | 'withdraw';
    }
  | { type: 'decide'; approval: string; choice: Choice; message?: string }
  | { type: 'patch'; changes: SettingsChange }
  | { type: 'release' }
  /** The supervisor is about to end the host. */
  | {
      type: 'condemn';
      host: string;
      reason: 'ladder' | 'stop' | 'failed' | 'limit' | 'recycle';
      error?: RunFailure;
    }
  /** Changes nothing: it is answered when all that came before it is folded. */
  | { type: 'sync' }
  /** The server tells of something that it did or found. */
  | { type: 'note'; code: string; text: string; data?: Json }
  /** The agent of this run has said nothing for so long. */
  | { type: 'stall'; run: string; silentMs: number };

export interface Send {
  type: 'send';
  id: string;
  content: readonly ContentBlock[];
  delivery: Delivery;
  allowInterrupt: boolean;
  timeoutMs?: number;
  expectedHead?: string | null;
}

/** An answer to an approval (an option, or allow or deny in general) or to a question. */
export type Choice = { option: string } | { verdict: 'allow' | 'deny' } | { answer: Json };

/** What the caller is told once its batch is committed. */
export type Answer =
  | { type: 'created'; sent?: Sent }
  | Sent
  | { type: 'aborting'; run: string | null; queued: number }
  | { type: 'decided'; decision: string; outcome: string; option?: string }
  | { type: 'patched' };

export interface Sent {
  type: 'sent';
  entry: string;
  state: 'starting' | 'queued' | 'steering';
  run?: string;
  position?: number;
  queued: number;
  interrupted?: string;
}

/** Decides a command: writes entries into the draft, or throws a `RefusalError` and nothing counts. */
export function decideCommand(draft: Draft, command: Command): Answer {
  switch (command.type) {
    case 'create':
      draft.write('settings', { from: 'client', changes: command.changes });
      if (command.prompt === undefined) return { type: 'created' };
      return { type: 'created', sent: send(draft, command.prompt) };
    case 'send':
      return send(draft, command);
    case 'abort':
      return abort(draft, command);
    case 'decide':
      return decide(draft, command);
    case 'patch':
      draft.write('settings', { from: 'client', changes: command.changes }, { runId: null });
      return { type: 'patched' };
    case 'sync':
      return { type: 'patched' };
    case 'condemn':
      return condemn(draft, command);
    case 'stall':
      decideStall(draft, command.run, command.silentMs);
      return { type: 'patched' };
    case 'note': {
      const { code, text, data } = command;
      draft.write(
        'notice',
        { code, text, ...(data === undefined ? {} : { data }) },
        { runId: null },
      );
      return { type: 'patched' };
    }
    case 'release':
      draft.write('queue', { change: 'released' }, { runId: null });
      takeNext(draft);
      return { type: 'patched' };
  }
}

function condemn(draft: Draft, command: Extract<Command, { type: 'condemn' }>): Answer {
  const { host, run } = draft.state;
  // Only an idle host gives way for a fresh one.
  const busy = command.reason === 'recycle' && run !== null;
  if (host?.id === command.host && !busy) condemnHost(draft, command.reason, command.error);
  return { type: 'patched' };
}

function send(draft: Draft, command: Send): Sent {
  const { state } = draft;
  checkHead(draft, command.expectedHead);
  if (
    textOf(command.content).trim() === '' &&
    command.content.every((block) => block.type === 'text')
  ) {
    throw refuse('invalid', 'The prompt is empty: give it some text.', { field: 'content' });
  }
  if (state.queue.length >= limits.queueItems) {
    throw refuse('limited', `The queue holds ${limits.queueItems} prompts: withdraw some first.`);
  }
  const delivery = deliveryOf(draft, command);
  if (delivery === 'steer') return steer(draft, command);
  const timeout = command.timeoutMs === undefined ? {} : { timeoutMs: command.timeoutMs };
  draft.write(
    'prompt',
    { content: command.content, delivery, ...timeout },
    { id: command.id, runId: null },
  );
  if (state.run === null && state.host?.phase === 'ending') {
    // Its next host takes it, as soon as this one is gone.
    if (state.held) draft.write('queue', { change: 'released' }, { runId: null });
    const { queue } = draft.state;
    return {
      type: 'sent',
      entry: command.id,
      state: 'queued',
      position: queue.length,
      queued: queue.length,
    };
  }
  if (state.run === null) {
    const run = startRun(draft, command.id);
    return {
      type: 'sent',
      entry: command.id,
      state: 'starting',
      run,
      queued: draft.state.queue.length,
    };
  }
  const interrupted = delivery === 'interrupt' ? interrupt(draft) : undefined;
  const position = draft.state.queue.findIndex((item) => item.id === command.id) + 1;
  const queued = draft.state.queue.length;
  const answer = { type: 'sent', entry: command.id, state: 'queued', position, queued } as const;
  return interrupted === undefined ? answer : { ...answer, interrupted };
}

function checkHead(draft: Draft, expected: string | null | undefined): void {
  const { head, lastSeq } = draft.state;
  if (expected === undefined || expected === head) return;
  throw refuse(
    'conflict',
    'The session has moved on since that head: read it again, then decide.',
    {
      field: 'expectedHead',
      data: { head, seq: lastSeq },
    },
  );
}

function deliveryOf(draft: Draft, command: Send): Delivery {
  if (command.delivery !== 'steer' || draft.state.run === null) {
    return command.delivery === 'steer' ? 'queue' : command.delivery;
  }
  const { run, host } = draft.state;
  const { steer } = draft.context.agent;
  // Nothing to steer yet, or no more: it comes next.
  if (steer) return run.state === 'stopping' || host?.phase !== 'open' ? 'queue' : 'steer';
  if (command.allowInterrupt) return 'interrupt';
  throw refuse(
    'unsupported',
    'This agent takes no prompt while it works: send it with queue or interrupt.',
    {
      field: 'delivery',
    },
  );
}

/** Into the running turn: the prompt belongs to the run from the start. */
function steer(draft: Draft, command: Send): Sent {
  const run = draft.run!.id;
  const { id, content } = command;
  if (command.timeoutMs !== undefined) {
    const message = 'A prompt that steers a run has no time of its own: leave it out.';
    throw refuse('invalid', message, { field: 'timeoutMs' });
  }
  draft.write('prompt', { content, delivery: 'steer' }, { id, runId: run });
  draft.tell({ type: 'prompt', run, prompt: id, content, steer: true });
  return { type: 'sent', entry: id, state: 'steering', run, queued: draft.state.queue.length };
}

function interrupt(draft: Draft): string {
  const run = draft.run!;
  if (run.state !== 'stopping')
    beginAbort(draft, { force: false, reason: 'interrupt', queue: 'keep' });
  return run.id;
}

function abort(draft: Draft, command: Extract<Command, { type: 'abort' }>): Answer {
  const { run, queue } = draft.state;
  if (run === null || (command.run !== undefined && command.run !== run.id)) {
    return { type: 'aborting', run: null, queued: queue.length };
  }
  const { force, reason } = command;
  const harder = force && !(run.abort?.force ?? false);
  const other = command.queue === 'withdraw' || run.abort?.reason === 'interrupt';
  if (run.state !== 'stopping' || harder || other) {
    beginAbort(draft, { force, reason, queue: command.queue });
  } else if (force) {
    // Asked again: the last step is tried again.
    draft.effects.push({ type: 'climb', run: run.id, force });
  }
  return { type: 'aborting', run: run.id, queued: draft.state.queue.length };
}

/** The intent first (R4); then approvals are settled and the agent is asked, all in one transaction. */
function beginAbort(
  draft: Draft,
  how: {
    force: boolean;
    reason: 'asked' | 'timeout' | 'stop' | 'interrupt';
    queue: 'keep' | 'withdraw';
  },
): void {
  const run = draft.run!;
  const first = run.state !== 'stopping';
  const waiting = draft.state.queue;
  draft.write('abort', how);
  if (how.queue === 'withdraw') {
    for (const item of waiting) {
      draft.write(
        'queue',
        { change: 'withdrawn', reason: 'aborted' },
        { about: item.id, runId: null },
      );
    }
  }
  withdrawApprovals(draft, 'the run is being aborted');
  if (
    run.state === 'starting' &&
    run.prompts.every((prompt) => prompt.state === 'waiting') &&
    !how.force
  ) {
    return endRun(draft, { said: 'cancelled' });
  }
  if (first) draft.tell({ type: 'cancel', run: run.id });
  if (how.force) condemnHost(draft, 'force');
  draft.effects.push({ type: 'climb', run: run.id, force: how.force });
}

function decide(draft: Draft, command: Extract<Command, { type: 'decide' }>): Answer {
  const open = draft.state.approvals.find((item) => item.id === command.approval);
  if (open === undefined) throw notOpen(draft, command.approval);
  return open.kind === 'approval'
    ? decideApproval(draft, open, command)
    : answerQuestion(draft, open, command);
}

function notOpen(draft: Draft, approval: string): Error {
  const winner = draft.state.decided.find((item) => item.approval === approval);
  if (winner === undefined) {
    return refuse('not_found', 'No approval of this session has that id.', { field: 'approval' });
  }
  const { decision, outcome, option } = winner;
  return refuse('already_decided', `It was decided before: ${outcome}.`, {
    field: 'approval',
    data: { decision, outcome, ...(option === undefined ? {} : { option }), by: { ...winner.by } },
  });
}

function decideApproval(
  draft: Draft,
  open: OpenQuestion,
  command: Extract<Command, { type: 'decide' }>,
): Answer {
  const option = optionOf(open, command.choice);
  const kind = open.options.find((candidate) => candidate.id === option)?.kind ?? 'reject_once';
  const outcome = kind.startsWith('allow') ? 'allowed' : 'denied';
  const chosen = option === null ? {} : { option };
  const message = command.message === undefined ? {} : { message: command.message };
  const entry = draft.write(
    'decision',
    { outcome, ...chosen, ...message },
    { about: open.id, runId: open.run },
  );
  draft.tell({ type: 'answer_approval', request: open.request, option });
  return { type: 'decided', decision: entry.id, outcome, ...chosen };
}

/** The agent's option for a choice; null denies where the agent offers no way to say no. */
function optionOf(open: OpenQuestion, choice: Choice): string | null {
  if ('option' in choice) {
    if (open.options.some((option) => option.id === choice.option)) return choice.option;
    throw refuse(
      'invalid',
      `The agent offers ${open.options.map((option) => option.id).join(', ')}.`,
      {
        field: 'option',
      },
    );
  }
  if ('answer' in choice) {
    throw refuse('invalid', 'This is an approval: give an option, allow or deny.', {
      field: 'answer',
    });
  }
  const wanted =
    choice.verdict === 'allow' ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always'];
  for (const kind of wanted) {
    const option = open.options.find((candidate) => candidate.kind === kind);
    if (option !== undefined) return option.id;
  }
  if (choice.verdict === 'deny') return null;
  throw refuse('invalid', 'The agent offers no way to allow this.', { field: 'option' });
}

function answerQuestion(
  draft: Draft,
  open: OpenQuestion,
  command: Extract<Command, { type: 'decide' }>,
): Answer {
  const { choice } = command;
  if ('option' in choice || ('verdict' in choice && choice.verdict === 'allow')) {
    throw refuse('invalid', 'This is a question: give an answer, or deny to decline it.', {
      field: 'answer',
    });
  }
  const outcome = 'answer' in choice ? 'answered' : 'declined';
  const content = 'answer' in choice ? { content: choice.answer } : {};
  const entry = draft.write('answer', { outcome, ...content }, { about: open.id, runId: open.run });
  draft.tell({ type: 'answer_question', request: open.request, outcome, ...content });
  return { type: 'decided', decision: entry.id, outcome };
}
