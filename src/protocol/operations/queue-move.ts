import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { id, queueItem, sessionName } from '../schema.ts';

export const queueMove = operation({
  name: 'queue.move',
  summary: 'Give a waiting prompt another place.',
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    prompt: id,
    to: z.int().min(1).max(limits.queueItems).describe('place from 1; beyond the end: the end'),
  }),
  output: z.object({ session: z.string(), item: queueItem }),
});
