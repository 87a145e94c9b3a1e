import { z } from 'zod';
import { budgetActions, budgetLimits } from '../domain/budget.ts';

/** What clients give and get of budgets; docs/usage.md says what they do. */

const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'three capital letters, as in USD')
  .describe('of what agents tell, or of the table of prices: nothing is converted');

export const budgetFields = {
  limits: z
    .strictObject({
      cost: z
        .strictObject({ amount: z.number().min(1e-6).max(1e9), currency })
        .optional()
        .describe('money of this currency'),
      tokens: z.int().min(1).max(1e15).optional().describe('of every kind'),
      runs: z.int().min(1).max(1e9).optional(),
      wallMs: z.int().min(1000).max(1e12).optional().describe('how long runs last in all'),
    })
    .refine((given) => budgetLimits.some((name) => given[name] !== undefined), 'name a limit'),
  action: z
    .enum(budgetActions)
    .describe('warn tells, ask lets the run go on and asks, stop aborts it and takes no prompt'),
};

export const budget = z.strictObject(budgetFields).transform(defined);

export const globalBudget = z
  .strictObject({
    ...budgetFields,
    period: z.enum(['total', 'day']).default('total').describe('a day is one in UTC'),
  })
  .transform(defined);

type Limits = z.output<(typeof budgetFields)['limits']>;
type Defined<Given> = Omit<Given, 'limits'> & {
  limits: { [Name in keyof Limits]?: NonNullable<Limits[Name]> };
};

/** Without members that are there and undefined. */
function defined<Given extends { limits: Limits }>(given: Given): Defined<Given> {
  const named = Object.entries(given.limits).filter(([, value]) => value !== undefined);
  return { ...given, limits: Object.fromEntries(named) };
}

/** As answers tell it. */
export const toldBudget = z.object({
  limits: z.object({
    cost: z.object({ amount: z.number(), currency: z.string() }).optional(),
    tokens: z.number().optional(),
    runs: z.number().optional(),
    wallMs: z.number().optional(),
  }),
  action: z.enum(budgetActions),
});

export const spent = z.object({
  tokens: z.number(),
  cost: z.array(z.object({ amount: z.number(), currency: z.string() })),
  runs: z.number(),
  wallMs: z.number().describe('of runs that are open, too'),
});
