import { z } from 'zod';
import { operation } from '../operation.ts';

export const loginsList = operation({
  name: 'logins.list',
  summary: 'Browsers that are logged in: the one that asks, or all of them for who administers.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    logins: z.array(
      z.object({
        id: z.string().describe('of its token, which tokens.revoke ends'),
        name: z.string().describe('by what the browser says of itself'),
        own: z.boolean().describe('it is the one that asks'),
        scopes: z.array(z.string()),
        createdAt: z.string(),
        usedAt: z.string().describe('when it was last used, to within ten minutes'),
        expiresAt: z.string().nullable(),
      }),
    ),
  }),
});
