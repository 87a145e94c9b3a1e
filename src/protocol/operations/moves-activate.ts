import { z } from 'zod';
import { operation } from '../operation.ts';
import { entry, id, row } from '../schema.ts';

export const movesActivate = operation({
  name: 'moves.activate',
  summary: 'Have a session go on here, by the entry with which the other daemon gave it up.',
  scope: 'admin',
  ticket: true,
  shape: 'unary',
  input: z.strictObject({
    session: id,
    moved: entry.describe('the last entry of its log there'),
    cwd: z.string().min(1).max(4096).optional().describe('where it goes on; default: where it was'),
  }),
  output: z.object({
    session: row,
    memory: z
      .enum(['exact', 'primed', 'none'])
      .nullable()
      .describe('what its agent remembers: all, a text that tells it, or there is nothing'),
    reason: z.string().nullable().describe('of primed: why not all'),
  }),
});
