import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, sessionName } from '../schema.ts';
import { beforeFrom, fileChange, fileSide } from '../snapshot.ts';

const file = z.object({
  path: z.string(),
  change: fileChange,
  before: fileSide,
  beforeFrom,
  after: fileSide,
  first: z.string().describe('the snapshot that has the state before'),
  last: z.string().describe('the snapshot that has the state after'),
  diff: z.string().nullable().describe('a unified diff'),
  none: z
    .enum(['binary', 'large', 'unknown', 'full'])
    .optional()
    .describe(
      'why there is no diff: no text, too large, a state is not known, or the answer is full',
    ),
});

export const snapshotsDiff = operation({
  name: 'snapshots.diff',
  summary: 'What a tool call, a run or a whole session changed, as a unified diff of each file.',
  scope: 'view',
  shape: 'unary',
  input: z
    .strictObject({
      session: sessionName,
      run: id.optional(),
      call: id.optional().describe('the entry of a tool call, or of a restoration'),
      limit: z.int().min(1).max(200).default(50),
      cursor: z
        .string()
        .max(4096)
        .regex(/^\//, 'take it from `next`')
        .optional()
        .describe('`next` of the page before'),
    })
    .refine(({ run, call }) => run === undefined || call === undefined, {
      message: 'give run or call, not both',
      path: ['call'],
    }),
  output: z.object({
    session: z.string(),
    files: z.array(file).describe('in the order of their paths'),
    next: z.string().nullable(),
  }),
});
