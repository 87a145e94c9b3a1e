import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { usageGroups } from '../../domain/usage.ts';
import { operation } from '../operation.ts';
import { money, sessionName, tokens } from '../schema.ts';

const sum = z.object({
  tokens,
  cost: z.array(money).describe('one for each currency; none where no agent named a price'),
  runs: z.int().describe('runs with a report; one that is in several groups counts in each'),
  reports: z.int().describe('reports of agents, of those with one key the last'),
});

const day = z.iso.date().describe('a day in UTC');

export const usageSummary = operation({
  name: 'usage.summary',
  summary: 'Tokens and cost by session, agent, model, day or directory, or by up to three of them.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    by: z
      .array(z.enum(usageGroups))
      .min(1)
      .max(3)
      .refine((groups) => new Set(groups).size === groups.length, 'name each group once')
      .default(['day']),
    since: day.optional().describe('from this day (UTC) on'),
    until: day.optional().describe('up to this day (UTC), included'),
    session: sessionName.optional(),
    withChildren: z
      .boolean()
      .optional()
      .describe('with session: and of all sessions that descend from it'),
    agent: z.string().max(64).optional(),
    limit: z.int().min(1).max(limits.listRows).default(50),
    cursor: z.string().max(16_384).optional(),
  }),
  output: z.object({
    rows: z
      .array(
        sum.extend({
          session: z.string().optional(),
          title: z.string().nullable().optional().describe('of the session'),
          agent: z.string().optional(),
          model: z.string().nullable().optional().describe('null where the agent named none'),
          day: z.string().optional(),
          directory: z.string().optional(),
        }),
      )
      .describe('each with what it is grouped by; days and sessions newest first'),
    total: sum.describe('of all groups, also those of other pages'),
    next: z.string().nullable(),
  }),
});
