import { z } from 'zod';
import { operation } from '../operation.ts';
import { policyRow, sessionPolicy } from '../policy.ts';
import { sessionName } from '../schema.ts';

export const policyGet = operation({
  name: 'policy.get',
  summary:
    'The rules that hold: of a session with those of its directories, or of all directories.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ session: sessionName.optional() }),
  output: z.object({
    session: sessionPolicy.nullable(),
    policies: z.array(policyRow).describe('in the order in which they are asked'),
  }),
});
