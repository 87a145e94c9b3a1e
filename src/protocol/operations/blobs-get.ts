import { z } from 'zod';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const blobsGet = operation({
  name: 'blobs.get',
  summary: 'Part of a content-addressed blob that an entry of the session names.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    digest: z.string().regex(/^[0-9a-f]{64}$/),
    offset: z.int().min(0).default(0),
    maxBytes: z
      .int()
      .min(1)
      .max(512 * 1024)
      .default(256 * 1024),
  }),
  output: z.object({
    base64: z.string(),
    size: z.int(),
    next: z.int().nullable(),
  }),
});
