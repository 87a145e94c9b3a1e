import { z } from 'zod';
import { globalBudget } from '../budget.ts';
import { operation } from '../operation.ts';
import { budgetsGet } from './budgets-get.ts';

export const budgetsSet = operation({
  name: 'budgets.set',
  summary:
    'Limit what all sessions together may use; that of one session is set with sessions.patch.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({
    budget: globalBudget
      .nullable()
      .describe('takes the place of the one that is set; null for none'),
  }),
  output: budgetsGet.output,
});
