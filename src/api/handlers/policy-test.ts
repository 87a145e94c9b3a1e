import { noPolicy } from '../../domain/policy.ts';
import { refuse } from '../../domain/refusal.ts';
import type { Guarded } from '../../ports/policies.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Context, Handler } from '../handler.ts';

export const policyTest: Handler<'policy.test'> = async (input, context) => {
  const { policies } = context.engine;
  const session = await guarded(input, context);
  const wants = { ...input.wants, cwd: input.wants.cwd ?? session.cwd };
  const { verdict, parts } = await policies.explain(session, wants);
  return { verdict, parts: [...parts], rules: [...(await policies.suggest(session, wants))] };
};

async function guarded(
  { session, directory }: ParsedInputOf<'policy.test'>,
  context: Context,
): Promise<Guarded> {
  const { engine, caller, config } = context;
  if (session !== undefined) {
    const { row, policy } = await engine.approvals.policyOf(await context.session(session));
    return { cwd: row.cwd, policy };
  }
  if (caller.sessions !== null) {
    throw refuse('forbidden', 'This token is bound to sessions: name one.', { field: 'session' });
  }
  const cwd = directory ?? config.defaultCwd;
  if (cwd !== null && cwd.startsWith('/')) return { cwd, policy: noPolicy };
  const message = 'Name a session, or a directory by its absolute path.';
  throw refuse('invalid', message, { field: directory === undefined ? 'session' : 'directory' });
}
