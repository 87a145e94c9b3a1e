import { z } from 'zod';
import { operation } from '../operation.ts';
import { scopes } from '../scope.ts';
import { id, organization } from '../schema.ts';

/** Name of the installation's own token, which its file gives and which no other may have. */
export const ownTokenName = 'own';

export const tokensCreate = operation({
  name: 'tokens.create',
  summary: 'Make a token. Its secret is answered once and kept only as a digest.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .refine((name) => name !== ownTokenName, 'this name is of the token in the token file'),
    user: z.string().min(1).max(100).optional(),
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
    sessions: z
      .array(id)
      .min(1)
      .max(100)
      .optional()
      .describe('only these; what one for a single session writes is fenced by a take-over'),
    organization: organization.optional().describe('the only one that its requests may name'),
    ttlMs: z
      .int()
      .min(1000)
      .max(10 * 365 * 86_400_000)
      .optional(),
  }),
  output: z.object({
    id: z.string(),
    secret: z.string(),
    expiresAt: z.string().nullable(),
  }),
});
