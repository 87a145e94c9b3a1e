import type { CreateInput } from '../../engine/engine.ts';
import { refuse } from '../../domain/refusal.ts';
import { checkMeta } from '../../domain/settings.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { contentBlocks } from '../../protocol/schema.ts';
import { checkBinding, withoutForeign } from '../binding.ts';
import type { Context, Handler } from '../handler.ts';
import { childOf } from '../inside.ts';
import { withNamedBlobs } from '../named-blobs.ts';
import { policyOf } from '../policy-input.ts';
import { settingsOf } from '../settings-input.ts';

type Input = ParsedInputOf<'sessions.create'>;

export const sessionsCreate: Handler<'sessions.create'> = async (input, context) => {
  checkInput(input);
  if (!context.caller.inside) await checkBinding(input, context);
  const { inside } = context.caller;
  const create = {
    ...(await createOf(inside ? await childOf(input, context) : input, context)),
    ...(inside ? { inside: true as const } : {}),
  };
  // A retry names what the session that it made has in its log.
  const session = input.id !== undefined && (await context.sees(input.id)) ? input.id : null;
  const content = create.prompt?.content;
  const { row, created, prompt } = await withNamedBlobs(
    content,
    { context, session, field: 'prompt' },
    () => context.engine.create(create, context.caller.by),
  ).catch(async (error: unknown) => {
    throw await withoutForeign(error, context);
  });
  return {
    session: row,
    created,
    resolved: { agent: row.agent, model: row.model },
    ...(prompt === undefined ? {} : { prompt }),
  };
};

function checkInput({ meta, prompt, promptId }: Input): void {
  if (meta !== undefined) checkMeta(meta);
  if (promptId !== undefined && prompt === undefined) {
    throw refuse('invalid', 'promptId: Give the prompt too, or leave its id out.', {
      field: 'promptId',
    });
  }
}

async function createOf(input: Input, context: Context): Promise<CreateInput> {
  const { id, parent, prompt, promptId, makeCwd, meta, policy, ...given } = input;
  const { changes, secrets } = settingsOf(given);
  const content = prompt === undefined ? undefined : contentBlocks(prompt);
  return {
    ...(id === undefined ? {} : { id }),
    ...(makeCwd === undefined ? {} : { makeCwd }),
    changes: {
      ...changes,
      ...(meta === undefined ? {} : { meta }),
      ...(parent === undefined ? {} : { parent: await context.session(parent) }),
    },
    secrets,
    ...policyOf(policy, context),
    ...(content === undefined
      ? {}
      : { prompt: { content, ...(promptId === undefined ? {} : { id: promptId }) } }),
  };
}
