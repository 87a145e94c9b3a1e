import { refuse, RefusalError } from '../domain/refusal.ts';
import type { Context } from './handler.ts';

/**
 * A token that is bound to sessions makes or begins no other, neither by a new id nor by a known
 * key.
 */
export async function checkBinding(
  { id, key }: { id?: string | undefined; key?: string | undefined },
  { engine, caller }: Context,
): Promise<void> {
  if (caller.sessions === null) return;
  if (id === undefined || !caller.sessions.includes(id)) {
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

/** That an id or a key is taken tells nothing more of a session that the caller may not see. */
export async function withoutForeign(error: unknown, { sees }: Context): Promise<unknown> {
  if (!(error instanceof RefusalError) || error.refusal.code !== 'conflict') return error;
  const { data, field } = error.refusal;
  const session = data?.['session'];
  if (typeof session !== 'string' || (await sees(session))) return error;
  return refuse('conflict', 'It is taken.', field === undefined ? {} : { field });
}
