import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, logFormat, row } from '../schema.ts';

export const sessionsImport = operation({
  name: 'sessions.import',
  summary: 'Take an exported log, line by line: same ids, same seqs; the same again adds nothing.',
  scope: 'manage',
  ticket: true,
  shape: 'upload',
  input: z.strictObject({
    format: logFormat
      .optional()
      .describe('refused where the file has another; default: what it has'),
    id: id.optional().describe('id of the session; default: the one that the file says'),
    agent: z
      .string()
      .max(64)
      .optional()
      .describe('agent of a session from a pi file; default: the configured one'),
    cwd: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('directory of a session from a pi file; default: the one that the file says'),
  }),
  output: z.object({
    session: row,
    created: z.boolean(),
    added: z.int().describe('entries that were not there'),
    lines: z.int().describe('lines of the file, blank ones too'),
  }),
});
