import type { Draft } from '../draft.ts';
import type { Delivery } from '../entry.ts';
import { limits } from '../limits.ts';
import { refuse } from '../refusal.ts';
import { beginAbort } from './abort.ts';
import { demandBudget, mayBegin } from './budget.ts';
import { changeSettings } from './change.ts';
import type { Send, Sent } from '../command.ts';
import { checkHead } from './head.ts';
import { demandContent, launchable } from './queue.ts';
import { renewHost, startRun, takeNext } from './run.ts';

/** Takes a prompt: begins a run with it, or lets it wait, steer or interrupt. */
export function send(draft: Draft, command: Send): Sent {
  check(draft, command);
  const wasDraft = draft.state.draft;
  launchable(draft);
  const { effort } = command;
  if (effort !== undefined && effort !== draft.state.effort) changeSettings(draft, { effort });
  const delivery = deliveryOf(draft, command);
  demandBudget(draft, delivery === 'steer' ? 'steer' : 'run');
  if (delivery === 'steer') return steer(draft, command);
  const { run, held } = draft.state;
  writePrompt(draft, command, delivery);
  if (run !== null) {
    const interrupted = delivery === 'interrupt' ? interrupt(draft) : undefined;
    return { ...waits(draft, command), ...(interrupted === undefined ? {} : { interrupted }) };
  }
  if (!mayBegin(draft)) return waits(draft, command);
  renewHost(draft);
  if (draft.state.host?.phase === 'ending') {
    // Its next host takes it, as soon as this one is gone.
    if (held) {
      // As with a host that is ready: what somebody sends to a held queue comes first.
      if (draft.state.queue.length > 1) {
        draft.write('queue', { change: 'moved', to: 1 }, { about: command.id, runId: null });
      }
      draft.write('queue', { change: 'released' }, { runId: null });
    }
    return waits(draft, command);
  }
  // What was written into the draft comes first.
  if (wasDraft) takeNext(draft);
  else startRun(draft, command.id);
  return fate(draft, command);
}

/** Keeps the prompt of a draft until somebody sends to it or releases it. */
export function keep(draft: Draft, command: Send): Sent {
  check(draft, command);
  writePrompt(draft, command, 'queue');
  return waits(draft, command);
}

function check(draft: Draft, command: Send): void {
  checkHead(draft, command.expectedHead);
  demandContent(command.content);
  if (draft.state.queue.length >= limits.queueItems) {
    throw refuse('limited', `The queue holds ${limits.queueItems} prompts: withdraw some first.`);
  }
}

function writePrompt(draft: Draft, command: Send, delivery: Delivery): void {
  const { id, content, timeoutMs } = command;
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  draft.write('prompt', { content, delivery, ...timeout }, { id, runId: null });
}

function waits(draft: Draft, { id }: Send): Sent {
  const { queue } = draft.state;
  const position = queue.findIndex((item) => item.id === id) + 1;
  return { type: 'sent', entry: id, state: 'queued', position, queued: queue.length };
}

function fate(draft: Draft, command: Send): Sent {
  const { run, queue } = draft.state;
  if (run?.prompts.some((prompt) => prompt.id === command.id) !== true)
    return waits(draft, command);
  return { type: 'sent', entry: command.id, state: 'starting', run: run.id, queued: queue.length };
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
