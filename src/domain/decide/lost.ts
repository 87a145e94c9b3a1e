import type { Draft } from '../draft.ts';
import type { RunEnded } from '../entry.ts';
import { limits } from '../limits.ts';
import type { OpenRun } from '../session-state.ts';

const continuation =
  'The process in which you worked was lost in the middle of your last turn, and the session was resumed. ' +
  'Look at what was done already, then go on where you stopped.';

interface Loss {
  run: OpenRun;
  ended: RunEnded;
  /** The queue was held before the run ended. */
  held: boolean;
}

/**
 * After a run that ended `lost`: where the session is set to continue, the server goes on by itself, in a
 * resumed host and in its own name. Only a run that completes, or a person's prompt, refills the budget:
 * a session that takes the machine down with it each time comes to rest.
 */
export function goOnAfterLoss(draft: Draft, loss: Loss): void {
  const { state } = draft;
  const { run, ended } = loss;
  if (ended.outcome !== 'lost' || state.onLost !== 'continue' || run.abort !== null) return;
  const obstacle = obstacleOf(draft, loss);
  const server = { by: { type: 'server' }, runId: null } as const;
  if (obstacle !== null) {
    const text = `The run was lost and is not continued: ${obstacle}.`;
    draft.write('notice', { code: 'not-continued', text }, server);
  } else if (reached(run)) {
    const content = [{ type: 'text', text: continuation }] as const;
    draft.write('prompt', { content, delivery: 'queue', continues: run.id }, server);
  } else {
    draft.write('queue', { change: 'released', continues: run.id }, server);
  }
}

/** Whether the agent knows of this turn; otherwise its prompts are in the queue again. */
function reached(run: OpenRun): boolean {
  return run.trigger === 'agent' || run.prompts.some((prompt) => prompt.state === 'taken');
}

function obstacleOf(draft: Draft, { run, ended, held }: Loss): string | null {
  const { state, context } = draft;
  // The agent began by itself: what waits for a person still does.
  if (held) return 'the queue is held';
  if (state.continued >= limits.continuations) {
    return `it was continued ${limits.continuations} times without a completed run`;
  }
  if (ended.proof?.gone === false) return 'processes of it are left that could not be ended';
  const sent = run.prompts.some((prompt) => prompt.state === 'sent');
  if (sent && !context.agent.deduplicatesPrompts) return 'a prompt may or may not have reached it';
  if (reached(run) && (!context.agent.resume || state.nativeId === null)) {
    return 'the agent cannot resume the conversation';
  }
  return null;
}
