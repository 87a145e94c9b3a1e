import type { Choice } from '../../domain/command.ts';
import type { Json } from '../../domain/json.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';

export const approvalsDecide: Handler<'approvals.decide'> = async (input, context) => {
  const session = await context.session(input.session);
  const { approval, message } = input;
  const answer = await context.engine.decide(
    session,
    { approval, choice: choiceOf(input), ...(message === undefined ? {} : { message }) },
    context.caller.by,
  );
  return { session, ...answer };
};

/** The schema lets exactly one of the three through. */
function choiceOf({ option, verdict, answer }: ParsedInputOf<'approvals.decide'>): Choice {
  if (option !== undefined) return { option };
  return verdict === undefined ? { answer: answer as Json } : { verdict };
}
