import { z } from 'zod';
import { operation } from '../operation.ts';
import { logFormat, sessionName } from '../schema.ts';

export const sessionsExport = operation({
  name: 'sessions.export',
  summary: 'The log of a session as JSON lines, with everything that its entries name.',
  scope: 'view',
  shape: 'download',
  input: z.strictObject({
    session: sessionName,
    format: logFormat.default('turnkeep').describe('turnkeep: whole; pi: its conversation'),
  }),
  output: z.string().describe('lines of JSON; docs/formats.md has the formats'),
});
