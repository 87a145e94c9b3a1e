import { z } from 'zod';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const queueRelease = operation({
  name: 'queue.release',
  summary: 'Let a held queue, or the prompt of a draft, go on.',
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({ session: sessionName }),
  output: z.object({
    session: z.string(),
    run: z.string().nullable().describe('the open run after it'),
    queued: z.int(),
  }),
});
