import { z } from 'zod';
import { operation } from '../operation.ts';
import { id } from '../schema.ts';

export const movesWithdraw = operation({
  name: 'moves.withdraw',
  summary: 'Expect a session no more: its ticket ends, and what has come of it may be deleted.',
  scope: 'admin',
  ticket: true,
  shape: 'unary',
  input: z.strictObject({ session: id }),
  output: z.object({ session: z.string() }),
});
