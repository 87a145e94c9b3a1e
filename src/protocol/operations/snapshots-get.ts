import { z } from 'zod';
import { operation } from '../operation.ts';
import { entry, id, sessionName } from '../schema.ts';

const text = z
  .string()
  .nullable()
  .describe('null where it is no text, or too long: blobs.get has its content');

export const snapshotsGet = operation({
  name: 'snapshots.get',
  summary: 'A file before and after a tool call, with its texts.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({ session: sessionName, snapshot: id }),
  output: z.object({ session: z.string(), snapshot: entry, before: text, after: text }),
});
