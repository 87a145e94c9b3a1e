import { type ContentBlock, textOf } from '../content.ts';
import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';
import type { QueuedPrompt } from '../session-state.ts';
import type { Command, Placed } from '../command.ts';
import { releaseBudget } from './budget.ts';
import { takeNext } from './run.ts';

/** The item of a prompt that still waits; a refusal that says what became of it otherwise. */
function waiting(draft: Draft, prompt: string): QueuedPrompt {
  const item = draft.state.queue.find((candidate) => candidate.id === prompt);
  if (item !== undefined) return item;
  if (draft.run?.prompts.some((candidate) => candidate.id === prompt) === true) {
    throw refuse('conflict', 'That prompt is with the agent already.', {
      field: 'prompt',
      data: { run: draft.run.id },
    });
  }
  throw refuse('not_found', 'No prompt with that id waits in the queue.', { field: 'prompt' });
}

/** An agent is not asked nothing. */
export function demandContent(content: readonly ContentBlock[]): void {
  if (textOf(content).trim() !== '' || content.some((block) => block.type !== 'text')) return;
  throw refuse('invalid', 'The prompt is empty: give it some text.', { field: 'content' });
}

/** Gives a waiting prompt another content. */
export function editItem(draft: Draft, command: Extract<Command, { type: 'queue_edit' }>): Placed {
  demandContent(command.content);
  const { id, sent } = waiting(draft, command.prompt);
  if (sent === true) {
    const message = 'The agent may have that prompt already: withdraw it, and send another.';
    throw refuse('conflict', message, { field: 'prompt' });
  }
  draft.write('queue', { change: 'edited', content: command.content }, { about: id, runId: null });
  return placed(draft, id);
}

/** Gives a waiting prompt another place, counted from 1; beyond the end means the end. */
export function moveItem(draft: Draft, command: Extract<Command, { type: 'queue_move' }>): Placed {
  const item = waiting(draft, command.prompt);
  const to = Math.min(command.to, draft.state.queue.length);
  if (draft.state.queue[to - 1] !== item) {
    draft.write('queue', { change: 'moved', to }, { about: item.id, runId: null });
  }
  return placed(draft, item.id);
}

/** Told now: a later command of the same turn may take the prompt out of the queue. */
function placed({ state: { queue } }: Draft, prompt: string): Placed {
  const at = queue.findIndex(({ id }) => id === prompt);
  const { edited, timeoutMs } = queue[at]!;
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  return { type: 'placed', position: at + 1, edited: edited !== undefined, ...timeout };
}

export function withdrawItem(draft: Draft, prompt: string): void {
  const { id } = waiting(draft, prompt);
  draft.write('queue', { change: 'withdrawn', reason: 'asked' }, { about: id, runId: null });
}

/** Lets a held queue, or the prompt of a draft, go on. */
export function release(draft: Draft, { beyondBudget = false }: { beyondBudget?: boolean }): void {
  const { held, draft: isDraft, run, queue } = draft.state;
  if (isDraft) launchable(draft);
  if (run === null && queue.length > 0) releaseBudget(draft, beyondBudget);
  if (held) draft.write('queue', { change: 'released' }, { runId: null });
  takeNext(draft);
}

/** A draft becomes a session that works: it has to know where. */
export function launchable(draft: Draft): void {
  if (draft.state.cwd === '') {
    const message = 'The session has no directory yet: set cwd with sessions.patch.';
    throw refuse('invalid', message, { field: 'cwd' });
  }
  if (!draft.state.draft) return;
  draft.write('settings', { from: 'server', changes: { draft: false } }, { runId: null });
}

/** Takes every waiting prompt out of the queue. */
export function withdrawAll(draft: Draft, reason: string, items = draft.state.queue): void {
  for (const item of items) {
    draft.write('queue', { change: 'withdrawn', reason }, { about: item.id, runId: null });
  }
}
