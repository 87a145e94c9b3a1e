import { z } from 'zod';
import { operation } from '../operation.ts';

export const pricesGet = operation({
  name: 'prices.get',
  summary: 'The prices by which is estimated what agents do not tell the cost of.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    prices: z
      .array(
        z.object({
          model: z.string().describe('a name; * stands for any text'),
          currency: z.string(),
          input: z.number(),
          output: z.number(),
          cacheRead: z.number().optional(),
          cacheWrite: z.number().optional(),
          thought: z.number().optional(),
        }),
      )
      .describe('per million tokens; the first whose name fits a model holds'),
    file: z.string().nullable().describe('the file that has them, for people to edit'),
    problem: z
      .string()
      .nullable()
      .describe('why the file cannot be used as it is; the last good prices hold'),
  }),
});
