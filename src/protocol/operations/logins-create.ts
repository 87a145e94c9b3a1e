import { z } from 'zod';
import { operation } from '../operation.ts';

export const loginsCreate = operation({
  name: 'logins.create',
  summary: 'Make a code that logs one browser in to the console, once and within minutes.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({
    admin: z
      .boolean()
      .optional()
      .describe('the login may administer, too, and ends after a day (default false)'),
  }),
  output: z.object({
    code: z.string().describe('to be given to POST /login, by a page of this daemon'),
    expiresAt: z.string(),
    origin: z.string().nullable().describe('the public address of the console, if there is one'),
  }),
});
