import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import type { RestoredFile } from '../../domain/snapshot.ts';
import { operation } from '../operation.ts';
import { id, seq, sessionName } from '../schema.ts';
import { filePath } from '../snapshot.ts';

const file = z.object({
  path: z.string(),
  outcome: z
    .enum(['restored', 'same', 'changed', 'failed'])
    .describe('same: it was so already; changed: it is otherwise by now, and was left alone'),
  message: z.string().optional(),
}) as unknown as z.ZodType<RestoredFile, RestoredFile>;

export const snapshotsRestore = operation({
  name: 'snapshots.restore',
  summary: 'Put files back as they were before or after a tool call or a run.',
  scope: 'drive',
  shape: 'unary',
  input: z
    .strictObject({
      session: sessionName,
      snapshot: id.optional(),
      run: id.optional(),
      paths: z.array(filePath).min(1).max(limits.restoreFiles).optional(),
      to: z.enum(['before', 'after']).default('before'),
      force: z
        .boolean()
        .default(false)
        .describe('also where a file is not as it was left, and while the agent works'),
      dryRun: z.boolean().default(false).describe('say what would be done'),
    })
    .refine(({ run, snapshot }) => (run === undefined) !== (snapshot === undefined), {
      message: 'give run or snapshot, one of them',
      path: ['snapshot'],
    }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    restore: z.object({ id: z.string(), seq }).nullable().describe('null where nothing was done'),
    files: z.array(file),
  }),
});
