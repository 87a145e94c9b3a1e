import { digestText } from '../../domain/entry.ts';
import { refuse } from '../../domain/refusal.ts';
import { entryIn } from '../../formats/entry-schema.ts';
import { demandTicketFor } from '../caller.ts';
import type { Handler } from '../handler.ts';

export const movesActivate: Handler<'moves.activate'> = async (input, context) => {
  const { engine, clock, caller } = context;
  const { session, cwd } = input;
  demandTicketFor(session, caller);
  const moved = entryIn(input.moved);
  if (typeof moved === 'string') {
    throw refuse('invalid', `This is no entry: ${moved}.`, { field: 'moved' });
  }
  if (clock.sha256(digestText(moved)) !== moved.digest) {
    throw refuse('invalid', 'The entry does not say what its digest says.', { field: 'moved' });
  }
  const given = { moved, ...(cwd === undefined ? {} : { cwd }) };
  const { row, memory, reason } = await engine.owners.arrive(session, given, caller.by);
  return { session: row, memory, reason };
};
