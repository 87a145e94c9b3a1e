import { z } from 'zod';
import { move } from '../move.ts';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const movesBegin = operation({
  name: 'moves.begin',
  summary: 'Move a session to another daemon: here it is only read from then on.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    to: z.strictObject({
      url: z
        .url({
          protocol: /^https?$/,
          error: 'it is no address that begins with http:// or https://',
        })
        .max(2048)
        .describe('where the other daemon is asked'),
      token: z.string().min(1).max(200).describe('of the other daemon, with the scope manage'),
    }),
    cwd: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('where it goes on there; default: where it is here'),
  }),
  output: z.object({ move }),
});
