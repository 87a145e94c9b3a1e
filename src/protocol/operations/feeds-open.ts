import { z } from 'zod';
import { sessionStatuses } from '../../domain/session-state.ts';
import { operation } from '../operation.ts';
import { entry, row, seq, sessionName } from '../schema.ts';

export const feedsOpen = operation({
  name: 'feeds.open',
  summary: 'Subscribe to a session after a seq, or to the list of sessions.',
  scope: 'view',
  shape: 'feed',
  input: z.union([
    z.strictObject({
      session: sessionName,
      after: seq
        .optional()
        .describe('last seq that the caller has; default: only what comes from now on'),
      partials: z
        .array(
          z.strictObject({
            entryId: z.string().max(100),
            part: z.enum(['text', 'thought', 'output']),
            offset: z.int().min(0),
          }),
        )
        .max(300)
        .optional()
        .describe('text in progress that the caller holds already'),
    }),
    z.strictObject({
      sessions: z.strictObject({
        status: z.array(z.enum(sessionStatuses)).max(10).optional(),
        agent: z.string().max(64).optional(),
        label: z.string().max(200).optional(),
        cwd: z.string().max(4096).optional(),
        parent: sessionName.optional(),
        meta: z.record(z.string().max(200), z.string()).optional(),
        archived: z.boolean().optional(),
      }),
    }),
  ]),
  output: z.union([
    z.object({
      session: z.string(),
      key: z.string().nullable(),
      lastSeq: z.int(),
      head: z.string().nullable(),
      row,
      openApprovals: z.array(entry),
      partials: z.array(
        z.object({
          entryId: z.string(),
          part: z.enum(['text', 'thought', 'output']),
          offset: z.int(),
          text: z.string(),
          parentCall: z.string().optional(),
          call: z.string().optional(),
        }),
      ),
    }),
    z.object({ asOf: z.string() }),
  ]),
});
