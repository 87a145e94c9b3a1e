import { z } from 'zod';
import { operation } from '../operation.ts';

export const hooksTest = operation({
  name: 'hooks.test',
  summary: 'Tells one hook of an event `hook.test`, once, and says how that went.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({ name: z.string().min(1).max(40).describe('of a hook that is notified') }),
  output: z.object({
    delivered: z.boolean(),
    message: z.string().nullable().describe('why not'),
  }),
});
