import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { agentSettings } from '../../domain/settings.ts';
import { operation } from '../operation.ts';
import { row, sessionName } from '../schema.ts';
import { agentFields, guardedFields, ownFields } from '../settings.ts';

export const sessionsPatch = operation({
  name: 'sessions.patch',
  summary:
    'Change settings; says of each that concerns the agent whether it has it now or next time.',
  scope: 'manage',
  fields: guardedFields,
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    key: z.string().min(1).max(limits.keyBytes).nullable().optional(),
    cwd: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('only of a session in whose directory nothing has happened'),
    ...ownFields,
    ...agentFields,
    meta: z
      .record(z.string().max(200), z.string().nullable())
      .optional()
      .describe('joined with what is set; null takes one away'),
    archived: z.boolean().optional(),
    expectedHead: z.string().nullable().optional(),
  }),
  output: z.object({
    session: row,
    applied: z.partialRecord(z.enum(agentSettings), z.enum(['live', 'next host'])),
  }),
});
