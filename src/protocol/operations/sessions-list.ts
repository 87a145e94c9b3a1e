import { z } from 'zod';
import { limits } from '../../domain/limits.ts';
import { sessionStatuses } from '../../domain/session-state.ts';
import { operation } from '../operation.ts';
import { row, sessionName, time } from '../schema.ts';

export const sessionsList = operation({
  name: 'sessions.list',
  summary: 'A page of sessions, newest first or by last activity.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({
    status: z.array(z.enum(sessionStatuses)).max(10).optional(),
    agent: z.string().max(64).optional(),
    label: z.string().max(200).optional(),
    parent: sessionName.optional(),
    cwd: z.string().max(4096).optional(),
    meta: z.record(z.string().max(200), z.string()).optional(),
    archived: z.boolean().optional(),
    deleted: z.boolean().optional().describe('deleted sessions instead of the others'),
    text: z.string().min(1).max(200).optional().describe('in title, label, key or directory'),
    updatedSince: time.optional(),
    sort: z.enum(['created', 'activity']).default('activity'),
    limit: z.int().min(1).max(limits.listRows).default(50),
    cursor: z.string().max(400).optional(),
  }),
  output: z.object({
    sessions: z.array(row),
    children: z
      .record(z.string(), z.int())
      .describe('how many sessions have each of these as their parent; absent for none'),
    next: z.string().nullable(),
    asOf: z.string(),
  }),
});
