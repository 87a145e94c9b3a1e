import { z } from 'zod';
import { operation } from '../operation.ts';

export const serverCheck = operation({
  name: 'server.check',
  summary: 'Check the database and the digest of every entry; takes long where there is much.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    faults: z.array(z.string()).describe('what is wrong, the first 1,000; empty when sound'),
    more: z.int().describe('faults beyond these'),
  }),
});
