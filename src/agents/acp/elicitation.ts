import type { AgentCommand } from '../../domain/agent-event.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { errorCodes, errorLine, resultLine } from './json-rpc.ts';
import { listAt, objectAt, textAt } from '../shape.ts';
import type { OpenQuestion, Reading } from './state.ts';

/** `elicitation/create`: a form, the only mode that we offer. */
export function readElicitation(reading: Reading, request: string | number, params: Json): void {
  const message = textAt(params, 'message');
  const schema = objectAt(params, 'requestedSchema');
  if (
    message === undefined ||
    schema === undefined ||
    (textAt(params, 'mode') ?? 'form') !== 'form'
  ) {
    reading.unrecognized('a question that is no form');
    reading.send(
      errorLine(request, errorCodes.invalidParams, 'only forms with a message are taken'),
    );
    return;
  }
  reading.activity();
  reading.emit({ type: 'question', item: reading.nextItem(), request, message, schema });
  const question: OpenQuestion = { request, field: fieldOf(schema) };
  const others = reading.state.questions.filter((open) => open.request !== request);
  reading.change({ questions: [...others, question].slice(-limits.openApprovals) });
}

/** The field that a bare answer fills: the first that is required, else the first. */
function fieldOf(schema: JsonObject): string {
  const required = listAt(schema, 'required')?.find((name) => typeof name === 'string');
  const first = Object.keys(objectAt(schema, 'properties') ?? {})[0];
  return (required ?? first ?? 'answer').slice(0, 256);
}

type Answer = Extract<AgentCommand, { type: 'answer_question' }>;

const actions: { readonly [Outcome in Answer['outcome']]: string } = {
  answered: 'accept',
  declined: 'decline',
  withdrawn: 'cancel',
};

export function questionAnswer(questions: readonly OpenQuestion[], answer: Answer): string {
  const { request, outcome, content } = answer;
  const action = actions[outcome];
  if (outcome !== 'answered' || content === undefined) return resultLine(request, { action });
  const field = questions.find((open) => open.request === request)?.field ?? 'answer';
  return resultLine(request, {
    action,
    content: isObject(content) ? content : { [field]: content },
  });
}
