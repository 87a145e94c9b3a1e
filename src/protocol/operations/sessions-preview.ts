import { z } from 'zod';
import { operation } from '../operation.ts';
import { kind, seq, sessionName } from '../schema.ts';

export const sessionsPreview = operation({
  name: 'sessions.preview',
  summary: 'The last few readable items of up to 64 sessions, each cut short.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    sessions: z.array(sessionName).min(1).max(64),
    items: z.int().min(1).max(50).default(12),
    maxChars: z.int().min(20).max(2000).default(240),
  }),
  output: z.object({
    previews: z.array(
      z.object({
        session: z.string().describe('as it was asked for'),
        id: z.string().optional(),
        status: z.enum(['ok', 'empty', 'missing', 'error']),
        items: z.array(
          z.object({ seq, kind, from: z.enum(['person', 'agent', 'tool']), text: z.string() }),
        ),
      }),
    ),
  }),
});
