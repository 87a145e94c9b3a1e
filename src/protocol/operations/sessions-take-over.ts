import { z } from 'zod';
import { operation } from '../operation.ts';
import { row, sessionName } from '../schema.ts';

export const sessionsTakeOver = operation({
  name: 'sessions.takeOver',
  summary:
    'Change who writes a session: agents here, or somebody outside. Writers before are fenced.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    writer: z
      .enum(['host', 'external'])
      .describe(
        'host: prompts go to an agent here; external: somebody appends what one elsewhere says',
      ),
    cwd: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('of host: where it goes on, if not where it was'),
    epoch: z
      .int()
      .min(1)
      .optional()
      .describe('refused with conflict where the writer is another one'),
  }),
  output: z.object({
    session: row,
    memory: z
      .enum(['exact', 'primed', 'none'])
      .nullable()
      .describe(
        'of host after external: what the agent here remembers; null where nothing changed',
      ),
    reason: z.string().nullable().describe('why it does not remember all of it by itself'),
  }),
});
