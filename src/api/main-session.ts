import { canonicalKey } from '../domain/key.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { Context } from './handler.ts';

const main = /^agent:[^:]+:main$/i;

/**
 * Id of the session that a prompt is for. The main session of an agent, `agent:<agent>:main`, is made when it
 * is first sent to, by a caller who may make sessions.
 */
export async function sessionToSend(name: string, context: Context): Promise<string> {
  try {
    return await context.session(name);
  } catch (error) {
    const unknown = error instanceof RefusalError && error.refusal.code === 'not_found';
    if (!unknown || !main.test(name.trim()) || !context.mayCreate()) throw error;
    const { key } = canonicalKey(name);
    const { row } = await context.engine.create({ changes: { key } }, context.caller.by);
    return row.id;
  }
}
