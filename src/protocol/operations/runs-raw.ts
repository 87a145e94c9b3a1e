import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { id, kind, sessionName } from '../schema.ts';

const line = z.object({
  direction: z.enum(['in', 'out']).describe('in: sent to the agent; out: written by it'),
  host: z.string(),
  from: z
    .int()
    .describe('offset of its first byte in all that went that way between host and daemon'),
  to: z.int().describe('offset after its newline'),
  at: z
    .string()
    .nullable()
    .describe('when it was sent, or by when at the latest it had been read; null if not known yet'),
  text: z.string(),
  cut: z.literal(true).optional().describe('the line is longer than the text'),
  base64: z.string().optional().describe('its bytes, where they are not UTF-8'),
  entries: z
    .array(z.object({ seq: z.int(), id: z.string(), kind }))
    .describe('entries that begin with this line, or that it carried to the agent'),
});

export const runsRaw = operation({
  name: 'runs.raw',
  summary: 'A page of the native lines of a run in both directions, with the entries they became.',
  // They are what the agent's protocol says, not what we made of it, and may hold its secrets.
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    run: id,
    direction: z.enum(['in', 'out']).optional(),
    cursor: z.string().max(100).optional(),
    limit: z.int().min(1).max(limits.pageEntries).default(200),
    maxBytes: z
      .int()
      .min(1024)
      .max(limits.pageBytes)
      .default(256 * 1024),
  }),
  output: z.object({
    run: z.string(),
    lines: z.array(line),
    next: z
      .string()
      .nullable()
      .describe('cursor of the next page; null at the end, or at what there is of it yet'),
    source: z
      .enum(['live', 'here', 'expired', 'lost', 'withheld'])
      .describe(
        'live: the host is at work; here: it has ended; expired, lost: no lines any more; ' +
          'withheld: the directory has a before-commit hook, and they are shown to nobody',
      ),
  }),
});
