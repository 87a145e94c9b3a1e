import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';
import type { OpenQuestion } from '../session-state.ts';
import type { Answer, Choice, Command } from '../command.ts';

export function decide(draft: Draft, command: Extract<Command, { type: 'decide' }>): Answer {
  const open = draft.state.approvals.find((item) => item.id === command.approval);
  if (open === undefined) throw notOpen(draft, command.approval);
  return open.kind === 'approval'
    ? decideApproval(draft, open, command)
    : answerQuestion(draft, open, command);
}

function notOpen(draft: Draft, approval: string): Error {
  const winner = draft.state.decided.find((item) => item.approval === approval);
  if (winner === undefined) {
    return refuse('not_found', 'No approval of this session has that id.', { field: 'approval' });
  }
  const { decision, outcome, option } = winner;
  return refuse('already_decided', `It was decided before: ${outcome}.`, {
    field: 'approval',
    data: { decision, outcome, ...(option === undefined ? {} : { option }), by: { ...winner.by } },
  });
}

function decideApproval(
  draft: Draft,
  open: OpenQuestion,
  command: Extract<Command, { type: 'decide' }>,
): Answer {
  const option = optionOf(open, command.choice);
  const kind = open.options.find((candidate) => candidate.id === option)?.kind ?? 'reject_once';
  const outcome = kind.startsWith('allow') ? 'allowed' : 'denied';
  const chosen = option === null ? {} : { option };
  const message = command.message === undefined ? {} : { message: command.message };
  const entry = draft.write(
    'decision',
    { outcome, ...chosen, ...message },
    { about: open.id, runId: open.run },
  );
  draft.tell({ type: 'answer_approval', request: open.request, option });
  return { type: 'decided', decision: entry.id, outcome, ...chosen };
}

/** The agent's option for a choice; null denies where the agent offers no way to say no. */
function optionOf(open: OpenQuestion, choice: Choice): string | null {
  if ('option' in choice) {
    if (open.options.some((option) => option.id === choice.option)) return choice.option;
    throw refuse(
      'invalid',
      `The agent offers ${open.options.map((option) => option.id).join(', ')}.`,
      {
        field: 'option',
      },
    );
  }
  if ('answer' in choice) {
    throw refuse('invalid', 'This is an approval: give an option, allow or deny.', {
      field: 'answer',
    });
  }
  const wanted =
    choice.verdict === 'allow' ? ['allow_once', 'allow_always'] : ['reject_once', 'reject_always'];
  for (const kind of wanted) {
    const option = open.options.find((candidate) => candidate.kind === kind);
    if (option !== undefined) return option.id;
  }
  if (choice.verdict === 'deny') return null;
  throw refuse('invalid', 'The agent offers no way to allow this.', { field: 'option' });
}

function answerQuestion(
  draft: Draft,
  open: OpenQuestion,
  command: Extract<Command, { type: 'decide' }>,
): Answer {
  const { choice } = command;
  if ('option' in choice || ('verdict' in choice && choice.verdict === 'allow')) {
    throw refuse('invalid', 'This is a question: give an answer, or deny to decline it.', {
      field: 'answer',
    });
  }
  const outcome = 'answer' in choice ? 'answered' : 'declined';
  const content = 'answer' in choice ? { content: choice.answer } : {};
  const entry = draft.write('answer', { outcome, ...content }, { about: open.id, runId: open.run });
  draft.tell({ type: 'answer_question', request: open.request, outcome, ...content });
  return { type: 'decided', decision: entry.id, outcome };
}
