import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { id, promptContent, row, seq, sessionName } from '../schema.ts';
import { agentFields, guardedFields, ownFields } from '../settings.ts';

export const sessionsFork = operation({
  name: 'sessions.fork',
  summary: 'A new session whose history is that of another one up to an entry.',
  scope: 'manage',
  fields: guardedFields,
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    at: z.string().min(1).max(200).optional().describe('id of an entry; default: the last'),
    id: id.optional().describe('id of the new session: makes the call idempotent'),
    key: z.string().min(1).max(limits.keyBytes).optional(),
    agent: z.string().max(64).optional(),
    cwd: z.string().min(1).max(4096).optional(),
    ...ownFields,
    ...agentFields,
    meta: z.record(z.string().max(200), z.string()).optional(),
    prompt: promptContent.optional(),
    promptId: id.optional(),
  }),
  output: z.object({
    session: row,
    created: z.boolean(),
    fidelity: z
      .enum(['exact', 'primed', 'none'])
      .describe('what the agent remembers: its own memory, a text that tells it, nothing'),
    prompt: z
      .object({
        id: z.string(),
        seq,
        state: z.enum(['starting', 'queued']),
        run: z.string().optional(),
      })
      .optional(),
  }),
});
