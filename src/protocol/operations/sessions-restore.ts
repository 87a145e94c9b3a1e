import { z } from 'zod';
import { operation } from '../operation.ts';
import { row, sessionName } from '../schema.ts';

export const sessionsRestore = operation({
  name: 'sessions.restore',
  summary: 'Bring a deleted session back; without its key where another session has it by now.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName.describe('id of the deleted session; its key may be taken'),
  }),
  output: z.object({ session: row }),
});
