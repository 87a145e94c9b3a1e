import { z } from 'zod';
import { movePhases } from '../domain/move.ts';

/** Shapes of sessions that move between daemons. */

const refusal = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

export const move = z.object({
  session: z.string(),
  to: z.object({ server: z.string(), url: z.string() }),
  phase: z
    .enum(movePhases)
    .describe('activating: it has moved, and the other daemon is to be told; stopping: it stays'),
  entries: z
    .object({ sent: z.int(), total: z.int() })
    .describe('of its log, without those that were there already'),
  bytes: z.int(),
  error: refusal.nullable().describe('why it failed, or what the last try came to'),
  memory: z.enum(['exact', 'primed', 'none']).nullable().describe('of done: what its agent knows'),
  reason: z.string().nullable().describe('of primed: why not all'),
  stays: z
    .object({
      secrets: z.array(z.string()).describe('names of values that no log has'),
      directories: z.array(z.string()).describe('that have to be there, too'),
      rules: z.int().describe('for directories, that held for it'),
      parent: z.string().nullable(),
      base: z.string().nullable().describe('what it was forked from'),
    })
    .describe('what does not go along'),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
});

export const arrival = z.object({
  session: z.string(),
  from: z.string().describe('id of the daemon that has it'),
  expiresAt: z.string(),
  withdrawn: z.boolean().describe('nothing more of it comes'),
});
