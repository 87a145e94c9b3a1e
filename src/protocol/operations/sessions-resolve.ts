import { z } from 'zod';
import { operation } from '../operation.ts';
import { row } from '../schema.ts';

export const sessionsResolve = operation({
  name: 'sessions.resolve',
  summary: 'Find one session by id, key, label, unique id prefix, exact title or native id.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ name: z.string().min(1).max(1024) }),
  output: z.object({ session: row }),
});
