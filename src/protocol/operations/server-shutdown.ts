import { z } from 'zod';
import { operation } from '../operation.ts';

export const serverShutdown = operation({
  name: 'server.shutdown',
  summary: 'End the daemon: stop ends all hosts first, detach leaves them working.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({ mode: z.enum(['stop', 'detach']) }),
  output: z.object({
    mode: z.enum(['stop', 'detach']),
    /** Runs that were ended (stop) or left working (detach). */
    runs: z.array(
      z.object({ session: z.string(), run: z.string().nullable(), outcome: z.string().nullable() }),
    ),
  }),
});
