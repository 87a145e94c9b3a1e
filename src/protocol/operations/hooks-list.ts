import { z } from 'zod';
import { operation } from '../operation.ts';

const told = z.object({
  id: z.string(),
  event: z.string(),
  at: z.string(),
  outcome: z.enum(['delivered', 'given-up', 'retrying']),
  tries: z.int(),
  message: z.string().optional(),
});

const count = z.int().describe('since the daemon started');

export const hooksList = operation({
  name: 'hooks.list',
  summary:
    'The hooks of the operator: what they are told or asked, and how the last deliveries went.',
  scope: 'admin',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    file: z.string(),
    problem: z.string().nullable().describe('why nobody is notified, although the file says so'),
    changed: z.boolean().describe('the file was changed since: the next start reads it'),
    notify: z.array(
      z.object({
        name: z.string(),
        target: z.string().describe('the program, or where the address leads, without its path'),
        events: z.array(z.string()),
        delivered: count,
        givenUp: count,
        last: z.array(told).describe('newest first'),
      }),
    ),
    beforeCommit: z.array(
      z.object({
        directory: z.string(),
        program: z.string(),
        deadlineMs: z.int(),
        running: z.boolean(),
        kept: count,
        redacted: count,
        withheld: count,
        failed: z.int().describe('of those that were withheld: without an answer that counts'),
        lastFailure: z.string().nullable(),
      }),
    ),
  }),
});
