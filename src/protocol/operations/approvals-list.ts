import { z } from 'zod';
import { operation } from '../operation.ts';
import { rule } from '../policy.ts';
import { entry, sessionName } from '../schema.ts';

export const approvalsList = operation({
  name: 'approvals.list',
  summary: 'Open approvals and questions, of one session or over all.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName.optional(),
    limit: z.int().min(1).max(200).default(100),
    rules: z.boolean().default(false).describe('say which rules would allow each from now on'),
  }),
  output: z.object({
    approvals: z.array(
      z.object({
        session: z.string(),
        entry,
        rules: z.array(rule).optional().describe('none where no rule can'),
      }),
    ),
  }),
});
