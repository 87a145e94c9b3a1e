import { z } from 'zod';
import { operation } from '../operation.ts';
import { id, seq, sessionName } from '../schema.ts';

export const approvalsDecide = operation({
  name: 'approvals.decide',
  summary: 'Decide an approval or answer a question; the first decision wins.',
  scope: 'approve',
  shape: 'unary',
  input: z
    .strictObject({
      session: sessionName,
      approval: id,
      option: z.string().max(200).optional().describe("one of the agent's options"),
      verdict: z.enum(['allow', 'deny']).optional(),
      answer: z
        .unknown()
        .optional()
        .describe('content for a question: text, or an object after its schema'),
      message: z.string().max(4096).optional(),
    })
    .refine(
      (input) =>
        [input.option, input.verdict, input.answer].filter((given) => given !== undefined)
          .length === 1,
      { message: 'give exactly one of option, verdict and answer', path: ['option'] },
    ),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    decision: z.object({ id: z.string(), seq }),
    outcome: z.string(),
    option: z.string().optional(),
  }),
});
