import { refuse } from '../../domain/refusal.ts';
import type { Handler } from '../handler.ts';

export const sessionsTakeOver: Handler<'sessions.takeOver'> = async (input, context) => {
  const session = await context.session(input.session);
  const { writer, cwd } = input;
  if (cwd !== undefined && writer !== 'host') {
    const message = 'cwd: Whoever writes from outside works in a directory of its own.';
    throw refuse('invalid', message, { field: 'cwd' });
  }
  // A writer that was replaced does not take the session back.
  const epoch = input.epoch ?? context.caller.epoch;
  const given = {
    writer,
    ...(cwd === undefined ? {} : { cwd }),
    ...(epoch === null ? {} : { epoch }),
  };
  const { row, memory, reason } = await context.engine.owners.takeOver(
    session,
    given,
    context.caller.by,
  );
  return { session: row, memory, reason };
};
