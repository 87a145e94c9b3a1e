import { z } from 'zod';
import { operation } from '../operation.ts';
import { outcome, proof } from '../schema.ts';

export const runsStopAll = operation({
  name: 'runs.stopAll',
  summary: 'Stop every open run, and answer how each has ended.',
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    runs: z.array(
      z.object({
        session: z.string(),
        run: z.string(),
        outcome: outcome.nullable().describe('null where it could not be stopped in time'),
        proof: proof.optional(),
      }),
    ),
  }),
});
