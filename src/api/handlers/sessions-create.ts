import type { CreateInput } from '../../engine/engine.ts';
import { limits } from '../../domain/limits.ts';
import { refuse, RefusalError } from '../../domain/refusal.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import { contentBlocks } from '../../protocol/schema.ts';
import { maySee } from '../caller.ts';
import type { Context, Handler } from '../handler.ts';

type Input = ParsedInputOf<'sessions.create'>;

export const sessionsCreate: Handler<'sessions.create'> = async (input, context) => {
  checkInput(input);
  await checkBinding(input, context);
  const create = await createOf(input, context);
  const { row, created, prompt } = await context.engine.create(create, context.caller.by);
  return {
    session: row,
    created,
    resolved: { agent: row.agent, model: row.model },
    ...(prompt === undefined ? {} : { prompt }),
  };
};

function checkInput({ meta, prompt, promptId }: Input): void {
  if (meta !== undefined && Buffer.byteLength(JSON.stringify(meta)) > limits.metaBytes) {
    throw refuse('too_large', `meta may have at most ${limits.metaBytes} bytes as JSON.`, {
      field: 'meta',
    });
  }
  if (promptId !== undefined && prompt === undefined) {
    throw refuse('invalid', 'promptId: Give the prompt too, or leave its id out.', {
      field: 'promptId',
    });
  }
}

/**
 * A token that is bound to sessions makes or begins no other, neither by a new id nor by a known
 * key.
 */
async function checkBinding({ id, key }: Input, { engine, caller }: Context): Promise<void> {
  if (caller.sessions === null) return;
  if (id === undefined || !maySee(caller, id)) {
    throw refuse('forbidden', 'This token makes only sessions whose id it is bound to: give one.', {
      field: 'id',
    });
  }
  if (key === undefined) return;
  const owner = await engine.find(key).catch((error: unknown) => {
    if (error instanceof RefusalError && error.refusal.code === 'not_found') return id;
    throw error;
  });
  if (owner !== id) throw refuse('conflict', 'The key is taken.', { field: 'key' });
}

async function createOf(input: Input, context: Context): Promise<CreateInput> {
  const { id, parent, prompt, promptId, ...settings } = input;
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const content = prompt === undefined ? undefined : contentBlocks(prompt);
  return {
    ...(id === undefined ? {} : { id }),
    changes: {
      ...Object.fromEntries(given),
      ...(parent === undefined ? {} : { parent: await context.session(parent) }),
    },
    ...(content === undefined
      ? {}
      : { prompt: { content, ...(promptId === undefined ? {} : { id: promptId }) } }),
  };
}
