import { z } from 'zod';
import { operation } from '../operation.ts';
import { row, sessionName } from '../schema.ts';

export const sessionsGet = operation({
  name: 'sessions.get',
  summary: 'One session: its row and the state of its host.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ session: sessionName }),
  output: z.object({
    session: row,
    host: z
      .object({
        id: z.string(),
        phase: z.enum(['launched', 'open', 'ending']),
        pid: z.int().nullable(),
      })
      .nullable(),
  }),
});
