import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { listAt, memberAt, objectAt, sizeOf, textAt } from '../shape.ts';
import { remember } from './approval.ts';
import { invalidLine } from './message.ts';
import type { RequestId, UserInputAnswer } from './protocol.ts';
import type { Reading } from './state.ts';

const questionCount = 16;
const questionChars = 64 * 1024;

/** One of the questions of the model: `id` names it in the answer. */
interface Question {
  id: string;
  text: string;
  field: JsonObject;
}

/**
 * `item/tool/requestUserInput`: questions of the model, as a form whose fields have their names. The labels are
 * `enum`; where any other text may be the answer, too, the field is `open`.
 */
export function readQuestions(reading: Reading, request: RequestId, params: Json): void {
  const asked = (listAt(params, 'questions') ?? []).slice(0, questionCount).flatMap(questionOf);
  if (asked.length === 0 || sizeOf(params, questionChars) > questionChars) {
    reading.unrecognized('questions that cannot be asked');
    return reading.send(invalidLine(request, 'questions with ids and texts are needed'));
  }
  const properties = Object.fromEntries(asked.map(({ id, field }) => [id, field]));
  const ids = asked.map(({ id }) => id);
  const message = asked.map(({ text }) => text).join('\n');
  const schema = { type: 'object', properties, required: ids };
  reading.emit({ type: 'question', item: reading.nextItem(), request, message, schema });
  remember(reading, { type: 'questions', request, ids });
}

function questionOf(question: Json): Question[] {
  const id = textAt(question, 'id') ?? '';
  const text = textAt(question, 'question');
  if (id === '' || id === '__proto__' || id.length > 256 || text === undefined) return [];
  const options = (listAt(question, 'options') ?? []).flatMap(optionOf);
  const choices =
    options.length === 0 ? {} : { enum: options.map((option) => option['const']!), oneOf: options };
  const isOpen = options.length === 0 || memberAt(question, 'isOther') === true;
  const title = textAt(question, 'header') ?? text;
  const field = { type: 'string', title, description: text, ...choices };
  return [{ id, text, field: isOpen ? { ...field, open: true } : field }];
}

function optionOf(option: Json): JsonObject[] {
  const label = textAt(option, 'label');
  if (label === undefined) return [];
  const description = textAt(option, 'description');
  return [{ const: label, title: label, ...(description === undefined ? {} : { description }) }];
}

/** The answers by the questions' ids. A bare value answers the first. */
export function answersTo(ids: readonly string[], content: Json | undefined): UserInputAnswer {
  const told: JsonObject =
    isObject(content) && ids.some((id) => Object.hasOwn(content, id))
      ? content
      : { [ids[0] ?? 'answer']: content ?? '' };
  const entries = ids.flatMap((id) => {
    const value = memberAt(told, id) ?? null;
    return value === null ? [] : [[id, { answers: textsOf(value) }] as const];
  });
  return { answers: Object.fromEntries(entries) };
}

function textsOf(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap((each: Json) => textsOf(each));
  return [typeof value === 'string' ? value : JSON.stringify(value)];
}

/** `mcpServer/elicitation/request`: a form of an MCP server, the only mode that is taken. */
export function readForm(reading: Reading, request: RequestId, params: Json): void {
  const message = textAt(params, 'message');
  const schema = objectAt(params, 'requestedSchema');
  const isForm = (textAt(params, 'mode') ?? 'form') === 'form';
  if (!isForm || message === undefined || schema === undefined) {
    reading.unrecognized('a question that is no form');
    return reading.send(invalidLine(request, 'only forms with a message are taken'));
  }
  reading.emit({ type: 'question', item: reading.nextItem(), request, message, schema });
  remember(reading, { type: 'form', request, field: fieldOf(schema) });
}

/** The field that a bare answer fills: the first that is required, else the first. */
function fieldOf(schema: JsonObject): string {
  const required = listAt(schema, 'required')?.find((name) => typeof name === 'string');
  const first = Object.keys(objectAt(schema, 'properties') ?? {})[0];
  return (required ?? first ?? 'answer').slice(0, 256);
}
