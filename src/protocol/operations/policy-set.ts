import { z } from 'zod';
import { operation } from '../operation.ts';
import { policyRow, rules } from '../policy.ts';

export const policySet = operation({
  name: 'policy.set',
  summary: 'Set the rules of a directory and all below it, or those that hold everywhere.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({
    directory: z
      .string()
      .min(1)
      .max(4096)
      .nullable()
      .describe('absolute path; null for rules that hold everywhere'),
    rules: rules.describe('take the place of those that are there'),
    revision: z
      .int()
      .min(0)
      .optional()
      .describe('refused where they were changed since; 0: there were none'),
  }),
  output: policyRow,
});
