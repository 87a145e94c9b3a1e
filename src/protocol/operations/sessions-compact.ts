import { z } from 'zod';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const sessionsCompact = operation({
  name: 'sessions.compact',
  summary:
    'Put a boundary before the last entries: the agent goes on with them and a summary only.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    keep: z.int().min(1).max(10_000).default(400).describe('entries of the conversation'),
    summary: z
      .string()
      .min(1)
      .max(32 * 1024)
      .optional()
      .describe('of what came before'),
  }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    compacted: z.boolean(),
    kept: z.int(),
    reason: z.enum(['short']).optional().describe('why nothing was done'),
  }),
});
