import { z } from 'zod';
import { operation } from '../operation.ts';
import { id } from '../schema.ts';

export const tokensRevoke = operation({
  name: 'tokens.revoke',
  summary: 'End a token; its open sockets are closed.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({ id }),
  output: z.object({ revoked: z.boolean() }),
});
