import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, row } from '../schema.ts';

export const sessionsRestore = operation({
  name: 'sessions.restore',
  summary: 'Bring a deleted session back; without its key where another session has it by now.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({ session: id.describe('id of the session') }),
  output: z.object({ session: row }),
});
