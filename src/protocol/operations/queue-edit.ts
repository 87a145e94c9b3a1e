import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, promptContent, queueItem, sessionName } from '../schema.ts';

export const queueEdit = operation({
  name: 'queue.edit',
  summary: 'Give a waiting prompt another content.',
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({ session: sessionName, prompt: id, content: promptContent }),
  output: z.object({ session: z.string(), item: queueItem }),
});
