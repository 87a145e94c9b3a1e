import { z } from 'zod';
import { operation } from '../operation.ts';
import { queueItem, sessionName } from '../schema.ts';

export const queueList = operation({
  name: 'queue.list',
  summary: 'The prompts of a session that wait, in order.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ session: sessionName }),
  output: z.object({
    session: z.string(),
    held: z.boolean().describe('waits for the next send or queue.release'),
    items: z.array(queueItem),
  }),
});
