import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { id, promptContent, row, seq, sessionName } from '../schema.ts';

export const sessionsCreate = operation({
  name: 'sessions.create',
  summary: 'Make a session, and begin it with a prompt where one is given.',
  scope: 'manage',
  inside: true,
  shape: 'unary',
  input: z.strictObject({
    id: id.optional().describe('makes the call idempotent'),
    key: z.string().min(1).max(limits.keyBytes).optional().describe('agent:<agent>:<name>, unique'),
    agent: z.string().max(64).optional().describe('name of an agent; default: the configured one'),
    cwd: z.string().min(1).max(4096).optional().describe('absolute path of an existing directory'),
    parent: sessionName.optional(),
    title: z.string().min(1).max(limits.titleBytes).optional(),
    label: z.string().min(1).max(200).optional(),
    meta: z.record(z.string().max(200), z.string()).optional(),
    model: z.string().max(200).optional(),
    mode: z.string().max(200).optional(),
    onLost: z
      .enum(['stop', 'continue'])
      .optional()
      .describe('whether a run that was lost with the machine goes on by itself; default: stop'),
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
