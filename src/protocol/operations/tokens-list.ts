import { z } from 'zod';
import { operation } from '../operation.ts';

export const tokensList = operation({
  name: 'tokens.list',
  summary: 'All tokens, without their secrets.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    tokens: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        user: z.string().nullable(),
        scopes: z.array(z.string()),
        sessions: z.array(z.string()).nullable(),
        host: z.string().optional().describe('of the host with which it ends'),
        epoch: z.int().optional().describe('as which writer of its only session it writes'),
        organization: z.string().optional(),
        usedAt: z.string().optional().describe('of a login of a browser: when it was last used'),
        createdAt: z.string(),
        expiresAt: z.string().nullable(),
        revokedAt: z.string().nullable(),
      }),
    ),
  }),
});
