import { z } from 'zod';
import { operation } from '../operation.ts';
import { id } from '../schema.ts';

export const movesOffer = operation({
  name: 'moves.offer',
  summary: 'Have this daemon expect a session of another one; answers the ticket to bring it by.',
  scope: 'manage',
  shape: 'unary',
  input: z.strictObject({
    session: id,
    agent: z.string().min(1).max(64),
    key: z.string().max(1024).nullable(),
    cwd: z.string().min(1).max(4096).describe('where it is to go on here'),
    server: id.describe('id of the daemon that has it'),
    lastSeq: z.int().min(0).describe('how far its log is there'),
    stateVersion: z.int().min(1).describe('what server.info of that daemon says'),
  }),
  output: z.object({
    server: z.string(),
    ticket: z.string().describe('a token for sessions.import, moves.activate and moves.withdraw'),
    expiresAt: z.string(),
    lastSeq: z.int().describe('how far its log is here already; 0 for not at all'),
    id: z.string().nullable().describe('of that entry'),
    digest: z.string().nullable().describe('of that entry, as it is here'),
  }),
});
