import { z } from 'zod';
import { operation } from '../operation.ts';

export const agentsList = operation({
  name: 'agents.list',
  summary: 'The agents that this daemon knows, and what they can do.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    default: z.string(),
    agents: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        protocol: z.string(),
        steer: z.boolean(),
        resume: z.boolean(),
        images: z.boolean(),
        install: z.string(),
      }),
    ),
  }),
});
