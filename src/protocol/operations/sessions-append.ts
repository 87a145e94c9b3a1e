import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { operation } from '../operation.ts';
import { id, seq, sessionName } from '../schema.ts';

export const sessionsAppend = operation({
  name: 'sessions.append',
  summary: 'Append opaque entries of a producer, all or none; the same again adds nothing.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: sessionName,
    entries: z
      .array(
        z.strictObject({
          id: id.optional().describe('the same id with the same content is a duplicate'),
          parentId: id.nullable().optional().describe('makes it a node of the conversation'),
          type: z.string().min(1).max(200).optional(),
          raw: z.json(),
        }),
      )
      .min(1)
      .max(limits.appendEntries),
    expect: z
      .union([z.strictObject({ head: z.string().nullable() }), z.strictObject({ seq })])
      .optional()
      .describe('refused with conflict where the log has moved on'),
    epoch: z.int().min(1).optional().describe('refused with fenced where another writer took over'),
    producer: z
      .strictObject({ id: z.string().min(1).max(200), epoch: z.int().min(0), seq: z.int().min(0) })
      .optional()
      .describe('names entries without an id: the number of the first one'),
  }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    entries: z.array(z.object({ id: z.string(), seq, duplicate: z.boolean() })),
    head: z.string().nullable(),
    lastSeq: z.int(),
  }),
});
