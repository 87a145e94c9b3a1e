import { z } from 'zod';
import { spent, toldBudget } from '../budget.ts';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const budgetsGet = operation({
  name: 'budgets.get',
  summary: 'What a session, or all of them, may use, and how much of it is used.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName
      .optional()
      .describe('default: all sessions; of a token that is bound to one, that'),
  }),
  output: z.object({
    session: z.string().nullable().describe('null for all'),
    budget: toldBudget
      .extend({ period: z.enum(['total', 'day']) })
      .nullable()
      .describe('null where none is set'),
    spent: spent.describe(
      'in the period: by the session and all that descend from it, or by all sessions',
    ),
  }),
});
