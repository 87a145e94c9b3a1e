import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, run, sessionName } from '../schema.ts';

export const runsGet = operation({
  name: 'runs.get',
  summary: 'One run: state, timing, usage, outcome, answer.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ session: sessionName, run: id }),
  output: z.object({ run }),
});
