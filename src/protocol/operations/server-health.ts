import { z } from 'zod';
import { operation } from '../operation.ts';

export const serverHealth = operation({
  name: 'server.health',
  summary: 'Whether the daemon serves. Needs no token and tells nothing else.',
  scope: null,
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({ ok: z.boolean() }),
});
