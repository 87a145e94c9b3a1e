import type { ForkInput } from '../../engine/session-ops.ts';
import { checkMeta } from '../../domain/settings.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { contentBlocks } from '../../protocol/schema.ts';
import { checkBinding, withoutForeign } from '../binding.ts';
import type { Context, Handler } from '../handler.ts';
import { withNamedBlobs } from '../named-blobs.ts';
import { policyOf } from '../policy-input.ts';
import { settingsOf } from '../settings-input.ts';

export const sessionsFork: Handler<'sessions.fork'> = async (input, context) => {
  const session = await context.session(input.session);
  await checkBinding(input, context);
  const fork = forkOf(input, context);
  const { row, created, fidelity, prompt } = await withNamedBlobs(
    fork.prompt?.content,
    { context, session, field: 'prompt' },
    () => context.engine.branches.fork(session, fork, context.caller.by),
  ).catch(async (error: unknown) => {
    throw await withoutForeign(error, context);
  });
  return { session: row, created, fidelity, ...(prompt === undefined ? {} : { prompt }) };
};

function forkOf(input: ParsedInputOf<'sessions.fork'>, context: Context): ForkInput {
  const { session: _, at, id, prompt, promptId, meta, policy, ...given } = input;
  if (meta !== undefined) checkMeta(meta);
  const { changes, secrets } = settingsOf(given);
  const content = prompt === undefined ? undefined : contentBlocks(prompt);
  return {
    changes: { ...changes, ...(meta === undefined ? {} : { meta }) },
    secrets,
    ...policyOf(policy, context),
    ...(at === undefined ? {} : { at }),
    ...(id === undefined ? {} : { id }),
    ...(content === undefined
      ? {}
      : { prompt: { content, ...(promptId === undefined ? {} : { id: promptId }) } }),
  };
}
