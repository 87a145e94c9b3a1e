import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, sessionName } from '../schema.ts';

export const queueWithdraw = operation({
  name: 'queue.withdraw',
  summary: 'Take a waiting prompt out of the queue.',
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({ session: sessionName, prompt: id }),
  output: z.object({ session: z.string(), queued: z.int() }),
});
