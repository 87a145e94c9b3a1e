import { z } from 'zod';
import { operation } from '../operation.ts';
import { agentRow } from './agents-list.ts';

export const agentsProbe = operation({
  name: 'agents.probe',
  summary:
    'Ask agents for their version, models, modes and effort levels; nothing is asked of a model.',
  // It starts programs, which who may only look does not.
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({
    agent: z.string().min(1).max(64).optional().describe('only this one; default: all'),
    refresh: z
      .boolean()
      .default(false)
      .describe('also those of which is known that they are ready'),
  }),
  output: z.object({ default: z.string(), agents: z.array(agentRow) }),
});
