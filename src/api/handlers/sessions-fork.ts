import type { ForkInput } from '../../engine/session-ops.ts';
import { refuse } from '../../domain/refusal.ts';
import { checkMeta } from '../../domain/settings.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { contentBlocks } from '../../protocol/schema.ts';
import type { Handler } from '../handler.ts';
import { settingsOf } from '../settings-input.ts';

export const sessionsFork: Handler<'sessions.fork'> = async (input, context) => {
  const session = await context.session(input.session);
  if (context.caller.sessions !== null && !context.caller.sessions.includes(input.id ?? '')) {
    const message = 'This token makes only sessions whose id it is bound to: give one.';
    throw refuse('forbidden', message, { field: 'id' });
  }
  const fork = forkOf(input);
  const { row, created, fidelity, prompt } = await context.engine.branches.fork(
    session,
    fork,
    context.caller.by,
  );
  return { session: row, created, fidelity, ...(prompt === undefined ? {} : { prompt }) };
};

function forkOf(input: ParsedInputOf<'sessions.fork'>): ForkInput {
  const { session: _, at, id, prompt, promptId, meta, ...given } = input;
  if (meta !== undefined) checkMeta(meta);
  const { changes, secrets } = settingsOf(given);
  const content = prompt === undefined ? undefined : contentBlocks(prompt);
  return {
    changes: { ...changes, ...(meta === undefined ? {} : { meta }) },
    secrets,
    ...(at === undefined ? {} : { at }),
    ...(id === undefined ? {} : { id }),
    ...(content === undefined
      ? {}
      : { prompt: { content, ...(promptId === undefined ? {} : { id: promptId }) } }),
  };
}
