import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { listAt, memberAt, textAt } from '../shape.ts';

/** The tool by which the model asks the user: its permission request is the question. */
const questionTool = 'AskUserQuestion';

/** The question as a message and a form whose fields are named by the questions; undefined if it is none. */
export function questionOf(
  name: string,
  input: JsonObject,
): { message: string; schema: JsonObject } | undefined {
  if (name !== questionTool) return undefined;
  const asked = questionsOf(input);
  const [first] = asked;
  if (first === undefined) return undefined;
  const properties = Object.fromEntries(asked.map(({ text, field }) => [text, field]));
  const required = asked.map(({ text }) => text);
  return { message: required.join('\n'), schema: { type: 'object', properties, required } };
}

function questionsOf(input: JsonObject): { text: string; field: JsonObject }[] {
  return (listAt(input, 'questions') ?? []).flatMap((question) => {
    const text = textAt(question, 'question');
    if (text === undefined || text === '__proto__') return [];
    const title = textAt(question, 'header') ?? text;
    const options = (listAt(question, 'options') ?? []).flatMap((option) => {
      const label = textAt(option, 'label');
      if (label === undefined) return [];
      return [{ const: label, title: textAt(option, 'description') ?? label }];
    });
    // Claude Code takes any text beside its suggestions, so nothing is an enumeration.
    const field: JsonObject =
      memberAt(question, 'multiSelect') === true
        ? { type: 'array', title, items: { type: 'string', examples: options } }
        : { type: 'string', title, examples: options };
    return [{ text, field }];
  });
}

/** The input of the tool with the answers in it. A bare value answers the first question. */
export function answeredInput(input: JsonObject, content: Json | undefined): JsonObject {
  const asked = questionsOf(input).map(({ text }) => text);
  const given = isObject(content) ? content : { [asked[0] ?? 'answer']: content ?? '' };
  const answers: { [question: string]: string } = {};
  for (const [question, value] of Object.entries(given)) {
    answers[question] = Array.isArray(value) ? value.map(plain).join(', ') : plain(value);
  }
  return { ...input, answers };
}

function plain(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
