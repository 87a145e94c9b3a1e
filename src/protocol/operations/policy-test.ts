import { z } from 'zod';
import { operation } from '../operation.ts';
import { rule, ruling, wanted } from '../policy.ts';
import { sessionName } from '../schema.ts';

export const policyTest = operation({
  name: 'policy.test',
  summary: 'What would be said to a command, a file or a tool, and why; nothing is done.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName.optional().describe('with its rules and its directory'),
    directory: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('as for a session without rules of its own in this directory'),
    wants: wanted,
  }),
  output: z.object({
    verdict: ruling,
    parts: z.array(
      z.object({
        found: z.enum(['command', 'read', 'write', 'tool', 'unclear']),
        text: z.string(),
        verdict: ruling,
      }),
    ),
    rules: z.array(rule).describe('that would allow just this; none where no rule can'),
  }),
});
