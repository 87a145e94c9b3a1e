import { z } from 'zod';
import { move } from '../move.ts';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const movesCancel = operation({
  name: 'moves.cancel',
  summary: 'Let a session stay that is on its way; refused once it has moved.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({ session: sessionName }),
  output: z.object({ move }),
});
