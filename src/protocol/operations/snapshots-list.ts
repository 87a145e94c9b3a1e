import { z } from 'zod';
import { operation } from '../operation.ts';
import { entry, id, sessionName } from '../schema.ts';
import { filePath } from '../snapshot.ts';

export const snapshotsList = operation({
  name: 'snapshots.list',
  summary: 'A page of the files that tool calls of a session read and wrote, newest first.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    run: id.optional(),
    call: id.optional().describe('the entry of a tool call, or of a restoration'),
    path: filePath.optional(),
    changes: z.enum(['read', 'write', 'all']).default('all'),
    limit: z.int().min(1).max(200).default(50),
    cursor: z
      .string()
      .regex(/^\d{1,15}$/)
      .optional(),
  }),
  output: z.object({
    session: z.string(),
    snapshots: z.array(entry),
    next: z.string().nullable(),
  }),
});
