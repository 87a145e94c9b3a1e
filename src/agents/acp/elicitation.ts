import type { AgentCommand } from '../../domain/agent-event.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { errorCodes, errorLine, resultLine } from './json-rpc.ts';
import { actions, askedBy, typed } from '../form.ts';
import type { OpenQuestion, Reading } from './state.ts';

/** `elicitation/create`: a form to fill in, or a page to open. */
export function readElicitation(reading: Reading, request: string | number, params: Json): void {
  const asked = askedBy(params, 'requestedSchema');
  if (asked === undefined) {
    reading.unrecognized('a question that is neither a form nor a page');
    const reason = 'only forms and http(s) addresses, with a message, are taken';
    reading.send(errorLine(request, errorCodes.invalidParams, reason));
    return;
  }
  const { message, schema, form } = asked;
  reading.activity();
  reading.emit({ type: 'question', item: reading.nextItem(), request, message, schema });
  const others = reading.state.questions.filter((known) => known.request !== request);
  reading.change({ questions: [...others, { request, ...form }].slice(-limits.openApprovals) });
}

type Answer = Extract<AgentCommand, { type: 'answer_question' }>;

export function questionAnswer(questions: readonly OpenQuestion[], answer: Answer): string {
  const { request, outcome, content } = answer;
  const action = actions[outcome];
  const open = questions.find((known) => known.request === request);
  const field = open === undefined ? 'answer' : open.field;
  if (outcome !== 'answered' || content === undefined || field === null) {
    return resultLine(request, { action });
  }
  const given = isObject(content) ? content : { [field]: content };
  return resultLine(request, { action, content: typed(given, open?.types ?? {}) });
}
