import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, outcome, proof, sessionName } from '../schema.ts';

export const sessionsAbort = operation({
  name: 'sessions.abort',
  summary: 'Stop the run of a session; with wait, answer when it has really ended.',
  scope: 'drive',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    run: id.optional().describe('only if this is the open run'),
    force: z.boolean().default(false).describe('kill at once, sweep, and answer the proof'),
    wait: z.boolean().default(false),
    queue: z.enum(['keep', 'withdraw']).default('keep').describe('what becomes of waiting prompts'),
  }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    run: z.string().optional(),
    status: z.enum(['aborted', 'stopping', 'no-active-run']),
    outcome: outcome.optional(),
    queued: z.int(),
    proof: proof.optional(),
  }),
});
