import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { id, promptContent, row, seq, sessionName } from '../schema.ts';
import { agentFields, guardedFields, ownFields } from '../settings.ts';

export const sessionsCreate = operation({
  name: 'sessions.create',
  summary: 'Make a session, and begin it with a prompt where one is given.',
  scope: 'manage',
  fields: guardedFields,
  inside: true,
  shape: 'unary',
  input: z.strictObject({
    id: id.optional().describe('makes the call idempotent'),
    key: z.string().min(1).max(limits.keyBytes).optional().describe('agent:<agent>:<name>, unique'),
    agent: z.string().max(64).optional().describe('name of an agent; default: the configured one'),
    cwd: z.string().min(1).max(4096).optional().describe('absolute path of an existing directory'),
    parent: sessionName.optional(),
    ...ownFields,
    ...agentFields,
    meta: z.record(z.string().max(200), z.string()).optional(),
    makeCwd: z.boolean().optional().describe('make the directory where it is not there'),
    draft: z
      .boolean()
      .optional()
      .describe('launch nothing, keep the prompt until a send or queue.release'),
    prompt: promptContent.optional(),
    promptId: id.optional().describe('id of the prompt entry, makes its sending idempotent'),
  }),
  output: z.object({
    session: row,
    created: z.boolean(),
    resolved: z.object({ agent: z.string(), model: z.string().nullable() }),
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
