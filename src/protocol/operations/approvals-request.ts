import { z } from 'zod';
import { operation } from '../operation.ts';
import { ruling, wanted } from '../policy.ts';
import { id, seq, sessionName } from '../schema.ts';

export const approvalsRequest = operation({
  name: 'approvals.request',
  summary:
    'Ask the person of a session for something that works inside its run; answers the decision, or that it is open.',
  scope: 'drive',
  shape: 'unary',
  input: z
    .strictObject({
      session: sessionName,
      id: id.describe('names the question: asked again it is the same one, also after a restart'),
      title: z.string().min(1).max(4096).optional().describe('of an approval'),
      input: z.unknown().optional().describe('what is to be done, for the person to see'),
      wants: wanted.optional().describe('for the policy; without it a person is asked'),
      options: z
        .array(
          z.strictObject({
            id: z.string().min(1).max(200),
            name: z.string().min(1).max(200),
            kind: z.enum(['allow_once', 'allow_always', 'reject_once', 'reject_always']),
          }),
        )
        .min(1)
        .max(20)
        .default([
          { id: 'allow', name: 'Allow', kind: 'allow_once' },
          { id: 'deny', name: 'Deny', kind: 'reject_once' },
        ]),
      message: z.string().min(1).max(4096).optional().describe('of a question'),
      schema: z.unknown().optional().describe('JSON schema of the answer to a question'),
      waitMs: z.int().min(0).max(60_000).default(0).describe('answer when it is decided, or then'),
    })
    .refine((given) => (given.title === undefined) !== (given.message === undefined), {
      message: 'give a title (an approval) or a message (a question)',
      path: ['title'],
    }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    approval: z.object({ id: z.string(), seq }),
    duplicate: z.boolean(),
    decision: z
      .object({
        outcome: z.enum(['allowed', 'denied', 'answered', 'declined', 'withdrawn']),
        option: z.string().optional(),
        message: z.string().optional(),
        reason: z.string().optional(),
        input: z.unknown().optional().describe('with what it is to be done instead'),
        content: z.unknown().optional().describe('the answer to a question'),
        ruling: ruling.optional(),
      })
      .nullable()
      .describe('null: it is open'),
  }),
});
