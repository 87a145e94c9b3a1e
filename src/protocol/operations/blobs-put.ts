import { z } from 'zod';
import { operation } from '../operation.ts';
import { blobDigest } from '../schema.ts';

export const blobsPut = operation({
  name: 'blobs.put',
  summary:
    'Keep bytes for a prompt that will name them by their digest: for a day, then for as long as it.',
  scope: 'drive',
  inside: true,
  shape: 'upload',
  body: 'bytes',
  input: z.strictObject({
    digest: blobDigest.optional().describe('refused where what comes has another one'),
  }),
  output: z.object({ digest: z.string(), size: z.int() }),
});
