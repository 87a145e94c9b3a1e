import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import type { Asking } from '../../engine/approval-ops.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';

export const approvalsRequest: Handler<'approvals.request'> = async (input, context) => {
  const session = await context.session(input.session);
  const asking = { id: input.id, waitMs: input.waitMs, ask: askOf(input) };
  return {
    session,
    ...(await context.engine.approvals.request(session, asking, context.caller.by)),
  };
};

function askOf({
  id,
  title,
  input,
  wants,
  options,
  message,
  schema,
}: ParsedInputOf<'approvals.request'>): Asking['ask'] {
  small(input, 'input');
  small(schema, 'schema');
  if (title === undefined) {
    const more = schema === undefined ? {} : { schema: schema as Json };
    return { kind: 'question', message: message ?? '', ...more };
  }
  const shown =
    wants?.command === null || wants === undefined ? input : (input ?? { command: wants.command });
  return {
    kind: 'approval',
    title,
    options,
    ...(wants === undefined ? {} : { wants }),
    ...(shown === undefined
      ? {}
      : {
          toolCall: {
            call: id,
            title,
            kind: wants?.kind ?? 'other',
            status: 'pending',
            input: shown as Json,
            ...(typeof wants?.tool === 'string' ? { name: wants.tool } : {}),
          },
        }),
  };
}

function small(value: unknown, field: string): void {
  if (value === undefined || JSON.stringify(value).length <= limits.inlineBytes / 2) return;
  const message = `${field} may have at most ${limits.inlineBytes / 2} characters as JSON.`;
  throw refuse('too_large', message, { field });
}
