import { z } from 'zod';
import { operation } from '../operation.ts';
import { row, sessionName } from '../schema.ts';

export const sessionsReset = operation({
  name: 'sessions.reset',
  summary: 'Stop the run, withdraw the queue and begin a new conversation; the log stays.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    reason: z.enum(['new', 'reset']).default('reset'),
  }),
  output: z.object({ session: row }),
});
