import { z } from 'zod';
import { operation } from '../operation.ts';

export const serverInfo = operation({
  name: 'server.info',
  summary: 'Version, limits, default agent, and what the last start found.',
  scope: 'view',
  shape: 'unary',
  input: z.strictObject({}),
  output: z.object({
    version: z.string(),
    server: z.string().describe('id of the state directory, for ever the same'),
    stateVersion: z.int().describe('what its logs fold to; one that is newer takes older sessions'),
    pid: z.int(),
    startedAt: z.string(),
    now: z.string().describe('time of its clock, by which everything that it tells is dated'),
    defaultAgent: z.string(),
    defaultCwd: z.string().nullable(),
    cwd: z.string().describe('the directory in which it was started'),
    limits: z.record(z.string(), z.number()),
    operations: z.array(z.string()),
    space: z
      .object({ state: z.enum(['plenty', 'low', 'short']), free: z.number().nullable() })
      .describe('free bytes for the state directory; low takes no prompt, short pauses agents'),
    hooks: z
      .object({ problem: z.string().nullable(), notify: z.int(), beforeCommit: z.int() })
      .describe('how many hooks there are, and why none is notified although some were to be'),
    start: z
      .object({
        continued: z.int(),
        ended: z.int(),
        lost: z.int(),
        setAside: z.array(z.object({ session: z.string(), reason: z.string() })),
      })
      .describe('sessions with a host that the start found working, ended, lost or unreadable'),
  }),
});
