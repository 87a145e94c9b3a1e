import { z } from 'zod';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const sessionsDelete = operation({
  name: 'sessions.delete',
  summary: 'Stop and delete a session; it can be restored for a time, unless it is purged.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName.describe('id or key; a deleted session by its id'),
    purge: z.boolean().default(false).describe('remove it for good, now'),
  }),
  output: z.object({
    session: z.string(),
    deletedAt: z.string().nullable().describe('null where nothing is left of it'),
    purgeAt: z.string().nullable().describe('when it is removed for good'),
    purged: z.boolean(),
  }),
});
