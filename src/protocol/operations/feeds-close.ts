import { z } from 'zod';
import { operation } from '../operation.ts';
import { sessionName } from '../schema.ts';

export const feedsClose = operation({
  name: 'feeds.close',
  summary: "End this socket's feed of a session, or of the list.",
  scope: 'view',
  shape: 'feed',
  input: z.strictObject({
    session: sessionName.optional().describe('absent: the feed of the list'),
  }),
  output: z.object({ closed: z.boolean() }),
});
