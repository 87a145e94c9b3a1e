import type { Choice } from '../../domain/command.ts';
import type { Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import type { DecideInput } from '../../engine/approval-ops.ts';
import type { ParsedInputOf } from '../../protocol/operations.ts';
import type { Handler } from '../handler.ts';
import { rulesOf } from '../policy-input.ts';

type Input = ParsedInputOf<'approvals.decide'>;

export const approvalsDecide: Handler<'approvals.decide'> = async (input, context) => {
  const session = await context.session(input.session);
  if (input.remember === 'directory' && context.caller.sessions !== null) {
    const message = 'This token is bound to sessions: it makes no rules for a directory.';
    throw refuse('forbidden', message, { field: 'remember' });
  }
  const { approvals } = context.engine;
  const answer = await approvals.decide(session, decisionOf(input), context.caller.by);
  const { remembered, ...rest } = answer;
  return {
    session,
    ...rest,
    ...(remembered && { remembered: { ...remembered, rules: [...remembered.rules] } }),
  };
};

function decisionOf(input: Input): DecideInput {
  const { approval, message, remember, rules } = input;
  if (JSON.stringify(input.input ?? null).length > limits.inlineBytes / 2) {
    const text = `input may have at most ${limits.inlineBytes / 2} characters as JSON.`;
    throw refuse('too_large', text, { field: 'input' });
  }
  const given = rules === undefined ? {} : { rules: rulesOf(rules) };
  return {
    approval,
    choice: choiceOf(input),
    ...(message === undefined ? {} : { message }),
    ...(input.input === undefined ? {} : { input: input.input as Json }),
    ...(remember === undefined ? {} : { remember: { level: remember, ...given } }),
  };
}

/** The schema lets exactly one of the three through. */
function choiceOf({ option, verdict, answer }: Input): Choice {
  if (option !== undefined) return { option };
  return verdict === undefined ? { answer: answer as Json } : { verdict };
}
