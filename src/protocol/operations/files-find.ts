import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const filesFind = operation({
  name: 'files.find',
  summary: "Files in a session's directory by a part of their path, to name them in a prompt.",
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    query: z
      .string()
      .max(400)
      .refine((query) => !query.includes('\0'), 'a path has no NUL')
      .default('')
      .describe('a part of the path, or letters of it in their order; empty: what is nearest'),
    limit: z.int().min(1).max(limits.foundFiles).default(20),
  }),
  output: z.object({
    session: z.string(),
    files: z
      .array(z.object({ path: z.string(), type: z.enum(['file', 'directory']) }))
      .describe('the best ones first; paths from the directory of the session'),
    complete: z.boolean().describe('everything was looked at, and all that was found is here'),
  }),
});
