import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, promptContent, seq, sessionName } from '../schema.ts';

export const sessionsSend = operation({
  name: 'sessions.send',
  summary: 'Give a session a prompt: starts it, queues it behind the run, or interrupts the run.',
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    id: id.optional().describe('id of the prompt entry: the same id again never sends twice'),
    content: promptContent,
    delivery: z.enum(['queue', 'steer', 'interrupt']).default('queue'),
    allowInterrupt: z
      .boolean()
      .default(false)
      .describe('interrupt where the agent cannot be steered'),
    timeoutMs: z
      .int()
      .min(1000)
      .max(7 * 86_400_000)
      .optional()
      .describe('the run is cancelled after this'),
    effort: z.string().min(1).max(100).optional().describe('from this prompt on'),
    expectedHead: z.string().nullable().optional(),
  }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    entry: z.object({ id: z.string(), seq }),
    duplicate: z.boolean(),
    state: z.enum(['starting', 'queued', 'steering', 'delivered', 'withdrawn', 'indeterminate']),
    run: z.string().optional(),
    position: z.int().optional(),
    queued: z.int(),
    interrupted: z.string().optional(),
  }),
});
