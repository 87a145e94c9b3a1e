import { z } from 'zod';
import { operation } from '../operation.ts';

const offered = z
  .object({
    values: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        description: z.string().optional(),
        resolves: z.string().optional().describe('of a model: its full name'),
        efforts: z.array(z.string()).optional().describe('of a model: its effort levels'),
      }),
    ),
    default: z.string().nullable().describe('what holds without a wish; null where not told'),
    complete: z.boolean().describe('no other value than these can work'),
  })
  .nullable();

const found = z
  .object({
    state: z.enum(['ready', 'missing', 'failing']),
    path: z.string().nullable().describe('the program that hosts get'),
    version: z.string().nullable(),
    models: offered,
    modes: offered,
    efforts: offered,
    commands: z
      .array(
        z.object({
          name: z.string(),
          description: z.string().optional(),
          hint: z.string().optional().describe('what may follow it'),
        }),
      )
      .optional()
      .describe('typed at the beginning of a prompt behind a slash; absent where it told of none'),
    problem: z
      .object({
        kind: z.enum([
          'missing',
          'not-executable',
          'not-started',
          'no-answer',
          'ended',
          'flood',
          'refused',
          'login',
          'old-version',
          'unknown-version',
        ]),
        message: z.string(),
      })
      .nullable(),
    at: z.string(),
    ageMs: z.number(),
  })
  .nullable()
  .describe('what the last probe found; null before the first');

/** One agent, as `agents.list` and `agents.probe` answer it. */
export const agentRow = z.object({
  name: z.string(),
  title: z.string(),
  protocol: z.string(),
  steer: z.boolean(),
  resume: z.boolean(),
  images: z.boolean(),
  editsInput: z.boolean().describe('what it asks for may be allowed with another input'),
  hearsDenials: z.boolean().describe('it is told why something was denied'),
  install: z.string(),
  tested: z.string().nullable().describe('the version that Turnkeep was tested with'),
  found,
});
export type AgentRow = z.output<typeof agentRow>;

export const agentsList = operation({
  name: 'agents.list',
  summary: 'The agents that this daemon knows, what they can do, and what is known of them.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({ default: z.string(), agents: z.array(agentRow) }),
});
