import { z } from 'zod';
import { operation } from '../operation.ts';
import { rule, rules } from '../policy.ts';
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
      message: z.string().max(4096).optional().describe('for the agent, with a denial'),
      input: z
        .unknown()
        .optional()
        .describe('with what the tool is to run instead, where the agent takes that'),
      remember: z
        .enum(['session', 'directory'])
        .optional()
        .describe('allow it from now on, in this session or in all of its directory'),
      rules: rules.min(1).optional().describe('those to remember; default: just what was asked'),
    })
    .refine(
      (input) =>
        [input.option, input.verdict, input.answer].filter((given) => given !== undefined)
          .length === 1,
      { message: 'give exactly one of option, verdict and answer', path: ['option'] },
    )
    .refine(({ rules: given, remember }) => given === undefined || remember !== undefined, {
      message: 'say where the rules are to be remembered',
      path: ['remember'],
    }),
  output: z.object({
    session: z.string(),
    key: z.string().nullable(),
    decision: z.object({ id: z.string(), seq }),
    outcome: z.string(),
    option: z.string().optional(),
    told: z.boolean().optional().describe('whether the message reaches the agent'),
    remembered: z
      .object({ level: z.enum(['session', 'directory']), rules: z.array(rule) })
      .optional(),
  }),
});
