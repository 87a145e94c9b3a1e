import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { entry, id, kind, seq, sessionName } from '../schema.ts';

export const sessionsHistory = operation({
  name: 'sessions.history',
  summary: 'A page of the log: after a seq oldest first, or before one newest first.',
  scope: 'view',
  shape: 'unary',
  input: z
    .strictObject({
      session: sessionName,
      after: seq.optional(),
      before: seq.optional().describe('newest first; without after and before: from the end'),
      kinds: z
        .array(kind)
        .max(40)
        .optional()
        .describe('lines of the agents’ own memory are left out unless native is among them'),
      run: id.optional(),
      path: z
        .boolean()
        .default(false)
        .describe('without what lies on other branches than that of the head'),
      afterLastCompaction: z
        .boolean()
        .default(false)
        .describe('nothing from before the last compaction or reset'),
      inherited: z
        .strictObject({ session: id, before: seq })
        .optional()
        .describe(
          'as an earlier page of this session gave it: on in the log that it was forked from',
        ),
      limit: z.int().min(1).max(limits.pageEntries).default(200),
      maxBytes: z
        .int()
        .min(1024)
        .max(limits.pageBytes)
        .default(256 * 1024),
    })
    .refine(
      (input) => input.inherited === undefined || (input.after ?? input.before) === undefined,
      {
        message: 'give inherited alone, without after and before',
        path: ['inherited'],
      },
    )
    .refine((input) => input.after === undefined || input.before === undefined, {
      message: 'give after or before, not both',
      path: ['before'],
    }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    entries: z.array(entry),
    next: z
      .int()
      .nullable()
      .describe('give it as after or before for the next page; null at the end'),
    ended: z.enum(['end', 'limit', 'bytes']),
    inherited: z
      .object({ session: z.string(), before: seq })
      .nullable()
      .describe('where the history goes on in the log that this session was forked from'),
    head: z.string().nullable(),
    lastSeq: z.int(),
  }),
});
