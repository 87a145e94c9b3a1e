import { z } from 'zod';
import { operation } from '../operation.ts';
import { sessionPolicy } from '../policy.ts';
import { row, sessionName } from '../schema.ts';

const names = z.array(z.string());
const server = z.object({
  type: z.enum(['stdio', 'http', 'sse']),
  name: z.string(),
  command: z.string().optional(),
  args: names.optional(),
  env: names.optional(),
  url: z.string().optional(),
  headers: names.optional(),
});

export const sessionsGet = operation({
  name: 'sessions.get',
  summary: 'One session: its row, how many children it has, its settings, the state of its host.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ session: sessionName }),
  output: z.object({
    session: row,
    children: z.int().describe('sessions that have it as their parent'),
    settings: z
      .object({
        model: z.string().nullable(),
        mode: z.string().nullable(),
        effort: z.string().nullable(),
        instructions: z
          .object({ replace: z.string().optional(), append: z.string().optional() })
          .nullable(),
        tools: z.object({ allow: names.optional(), deny: names.optional() }).nullable(),
        maxTurns: z.int().nullable(),
        mcpServers: z.array(server),
        env: names,
        additionalDirs: names,
        onLost: z.enum(['stop', 'continue']),
        policy: sessionPolicy,
      })
      .describe('in force for the next host; names of variables, never their values'),
    host: z
      .object({
        id: z.string(),
        phase: z.enum(['launched', 'open', 'ending']),
        pid: z.int().nullable(),
      })
      .nullable(),
  }),
});
