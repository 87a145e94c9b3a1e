import { z } from 'zod';
import { arrival, move } from '../move.ts';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const movesList = operation({
  name: 'moves.list',
  summary: 'Sessions that move to other daemons or from them, and how far they have come.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ session: sessionName.optional() }),
  output: z.object({
    moves: z.array(move).describe('to others: under way, or ended since the start; latest first'),
    arrivals: z.array(arrival).describe('from others: what is not here yet'),
  }),
});
