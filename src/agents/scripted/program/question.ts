// Questions to the user: a form where the client can show one, else a permission request.
import type { Answer, Params } from './connection.ts';
import { asObject } from './connection.ts';
import type { Field, Question } from './script.ts';
import { readOption } from './tools.ts';
import type { Turn } from './turn.ts';

/** What the client can show. */
export interface Shows {
  readonly forms: boolean;
  readonly pages: boolean;
}

/** What the agent says about the answer. */
export function askQuestion(question: Question, turn: Turn, shows: Shows): Promise<string> {
  return shows.forms ? askByForm(question, turn) : askByPermission(question, turn);
}

/** Asks all at the same time; what it says has a line for each, in their order. */
export async function askTogether(
  questions: readonly Question[],
  turn: Turn,
  shows: Shows,
): Promise<string> {
  const answers = await Promise.all(questions.map((each) => askQuestion(each, turn, shows)));
  return answers.map((answer, at) => `${at + 1}: ${answer}`).join('\n');
}

async function askByForm({ text, choices }: Question, turn: Turn): Promise<string> {
  const schema = {
    type: 'string',
    title: 'Answer',
    ...(choices.length > 0 ? { enum: choices } : {}),
  };
  const answer = await elicit({ text, fields: [{ name: 'answer', schema }] }, turn);
  return describeAnswer(answer, (content) => `You answered: ${String(content['answer'])}`);
}

/** A form of several fields; the agent says its content as JSON. */
export async function fillForm(
  form: { readonly text: string; readonly fields: readonly Field[] },
  turn: Turn,
  shows: Shows,
): Promise<string> {
  if (!shows.forms) return 'This client shows no forms.';
  const answer = await elicit(form, turn);
  return describeAnswer(answer, (content) => `You answered: ${JSON.stringify(content)}`);
}

/** A page that the user is to open. */
export async function showPage(
  page: { readonly url: string; readonly text: string },
  turn: Turn,
  shows: Shows,
): Promise<string> {
  if (!shows.pages) return 'This client opens no pages.';
  const { url, text: message } = page;
  const elicitationId = turn.nextId('page');
  const answer = await turn.ask('elicitation/create', { mode: 'url', message, url, elicitationId });
  return describeAnswer(answer, () => 'You went there.');
}

function elicit(
  form: { readonly text: string; readonly fields: readonly Field[] },
  turn: Turn,
): Promise<Answer> {
  const properties = Object.fromEntries(form.fields.map(({ name, schema }) => [name, schema]));
  const required = form.fields.map(({ name }) => name);
  return turn.ask('elicitation/create', {
    mode: 'form',
    message: form.text,
    requestedSchema: { type: 'object', properties, required },
  });
}

function describeAnswer(answer: Answer, accepted: (content: Params) => string): string {
  if (!answer.ok) return failure(answer);
  switch (answer.result['action']) {
    case 'accept':
      return accepted(asObject(answer.result['content']));
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
  if (answer.takenBack === true) return 'I took the question back.';
  return `The question could not be asked: ${answer.message}`;
}
