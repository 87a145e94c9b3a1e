import { z } from 'zod';
import { operation } from '../operation.ts';
import { outcome, run, sessionName } from '../schema.ts';

export const runsList = operation({
  name: 'runs.list',
  summary: 'A page of runs, newest first.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName.optional(),
    outcome: outcome.optional(),
    open: z.boolean().optional(),
    limit: z.int().min(1).max(200).default(50),
    cursor: z.string().max(400).optional(),
  }),
  output: z.object({ runs: z.array(run), next: z.string().nullable() }),
});
