// Questions to the user: a form where the client can show one, else a permission request.
import type { Answer, Params } from './connection.ts';
import { asObject } from './connection.ts';
import { readOption } from './tools.ts';
import type { Turn } from './turn.ts';

export interface Question {
  readonly text: string;
  /** None means that any text may be the answer. */
  readonly choices: readonly string[];
}

/** What the agent says about the answer. */
export function askQuestion(question: Question, turn: Turn, forms: boolean): Promise<string> {
  return forms ? askByForm(question, turn) : askByPermission(question, turn);
}

async function askByForm({ text, choices }: Question, turn: Turn): Promise<string> {
  const field: Params = {
    type: 'string',
    title: 'Answer',
    ...(choices.length > 0 ? { enum: choices } : {}),
  };
  const answer = await turn.ask('elicitation/create', {
    mode: 'form',
    message: text,
    requestedSchema: { type: 'object', properties: { answer: field }, required: ['answer'] },
  });
  if (!answer.ok) return failure(answer);
  switch (answer.result['action']) {
    case 'accept':
      return `You answered: ${String(asObject(answer.result['content'])['answer'])}`;
    case 'decline':
      return 'You declined to answer.';
    default:
      return 'The question was dismissed.';
  }
}

async function askByPermission({ text, choices }: Question, turn: Turn): Promise<string> {
  const names = choices.length > 0 ? choices : ['Yes', 'No'];
  const toolCallId = turn.nextId('call');
  const call = { toolCallId, title: text, kind: 'other', rawInput: { question: text, choices } };
  await turn.update({ sessionUpdate: 'tool_call', status: 'pending', ...call });
  let said = 'The question was cancelled.';
  try {
    const answer = await turn.ask('session/request_permission', {
      toolCall: { status: 'pending', ...call },
      options: names.map((name, i) => ({
        optionId: `choice-${i + 1}`,
        name,
        kind: choices.length === 0 && i === 1 ? 'reject_once' : 'allow_once',
      })),
    });
    said = describeChoice(answer, names);
    return said;
  } finally {
    // Neither an answered question nor one taken back may stay open.
    const content = [{ type: 'content', content: { type: 'text', text: said } }];
    await turn.settleCall({ ...call, status: 'completed', content });
  }
}

function describeChoice(answer: Answer, names: readonly string[]): string {
  if (!answer.ok) return failure(answer);
  const optionId = readOption(answer.result);
  const chosen = names.find((_, i) => optionId === `choice-${i + 1}`);
  return chosen === undefined ? 'The question was dismissed.' : `You answered: ${chosen}`;
}

function failure(answer: Answer & { readonly ok: false }): string {
  return `The question could not be asked: ${answer.message}`;
}
