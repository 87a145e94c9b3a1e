import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { listAt, memberAt, textAt } from '../shape.ts';

/** The tool by which the model asks the user: its permission request is the question. */
const questionTool = 'AskUserQuestion';

/** One of the questions: `text` names it in the answer. */
interface Question {
  text: string;
  title: string;
  field: JsonObject;
}

/**
 * The question as a message and a form whose fields are named by the questions; undefined if it is none.
 * Each field has the labels as `enum`, the same with what they mean beside it, and is `open`: any other text
 * may be the answer, too.
 */
export function questionOf(
  name: string,
  input: JsonObject,
): { message: string; schema: JsonObject } | undefined {
  if (name !== questionTool) return undefined;
  const asked = questionsOf(input);
  if (asked.length === 0) return undefined;
  const properties = Object.fromEntries(asked.map(({ text, field }) => [text, field]));
  const required = Object.keys(properties);
  return { message: required.join('\n'), schema: { type: 'object', properties, required } };
}

function questionsOf(input: JsonObject): Question[] {
  return (listAt(input, 'questions') ?? []).flatMap((question) => {
    const text = textAt(question, 'question');
    if (text === undefined || text === '__proto__') return [];
    const title = textAt(question, 'header') ?? text;
    return [{ text, title, field: fieldOf(question, { title, description: text }) }];
  });
}

function fieldOf(question: Json, named: JsonObject): JsonObject {
  const options = (listAt(question, 'options') ?? []).flatMap(optionOf);
  const labels = { enum: options.map((option) => option['const']!) };
  if (memberAt(question, 'multiSelect') !== true) {
    const choices = options.length === 0 ? {} : { ...labels, oneOf: options };
    return { type: 'string', ...named, ...choices, open: true };
  }
  const choices = options.length === 0 ? {} : { ...labels, anyOf: options };
  return { type: 'array', ...named, items: { type: 'string', ...choices }, open: true };
}

function optionOf(option: Json): JsonObject[] {
  const label = textAt(option, 'label');
  if (label === undefined) return [];
  const description = textAt(option, 'description');
  const preview = textAt(option, 'preview');
  return [
    {
      const: label,
      title: label,
      ...(description === undefined ? {} : { description }),
      ...(preview === undefined ? {} : { preview }),
    },
  ];
}

/**
 * The input of the tool with the answers in it. A bare value answers the first question; so does an object
 * that names none of them, since Claude Code would take it for no answer at all.
 */
export function answeredInput(input: JsonObject, content: Json | undefined): JsonObject {
  const asked = questionsOf(input);
  const named = isObject(content) ? namedAnswers(asked, content) : {};
  const answers =
    Object.keys(named).length > 0 ? named : { [asked[0]?.text ?? 'answer']: plain(content ?? '') };
  return { ...input, answers };
}

/** By the questions' texts, or by their titles. */
function namedAnswers(asked: readonly Question[], content: JsonObject): { [text: string]: string } {
  const answers: { [text: string]: string } = {};
  for (const { text, title } of asked) {
    const value = memberAt(content, text) ?? memberAt(content, title) ?? null;
    if (value !== null) answers[text] = plain(value);
  }
  return answers;
}

/** Claude Code takes texts only; several choices are told apart by commas. */
function plain(value: Json): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
