import type { EntryOf } from '../../domain/entry.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { oneLine } from '../clean.ts';
import type { Look } from './look.ts';

type JsonObject = { readonly [name: string]: Json };

/** A question with its page, its choices, or the fields of its form. */
export function renderQuestion(entry: EntryOf<'question'>, look: Look): string[] {
  const { style } = look;
  const { message, schema } = entry.data;
  const fields = fieldsOf(schema);
  const url = isObject(schema) ? schema['url'] : undefined;
  const choices = choicesOf(schema);
  return [
    `${style.yellow('?')} ${style.bold(oneLine(message, 400))}`,
    ...(typeof url === 'string' && !message.includes(url)
      ? [`    open ${style.cyan(oneLine(url, 4096))}`]
      : []),
    ...choices.map((choice, at) => `    ${at + 1}  ${oneLine(choice)}`),
    ...(fields.length > 1 ? formLines(fields, look) : []),
  ];
}

function formLines(fields: readonly [string, Json][], { style }: Look): string[] {
  const example = fields.map(([name]) => `${JSON.stringify(oneLine(name, 100))}: …`).join(', ');
  return [
    ...fields.map(([name, field]) => `    ${oneLine(name, 100)}  ${style.dim(fieldText(field))}`),
    style.dim(`    the answer is JSON: {${example}}`),
  ];
}

/** What a field is about, and what may be in it. */
function fieldText(field: Json): string {
  if (!isObject(field)) return 'anything';
  const { title, description, type } = field;
  const about = [title, description].find((text) => typeof text === 'string');
  const choices = choicesOf(field);
  const among = `${type === 'array' ? 'any' : 'one'} of ${choices.join(', ')}`;
  const alone = typeof type === 'string' ? typeTexts[type] : undefined;
  const what = choices.length > 0 ? among : (alone ?? 'anything');
  return oneLine(typeof about === 'string' ? `${about}: ${what}` : what, 1000);
}

const typeTexts: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
};

/** The values that a question's schema allows, where it is one choice among texts. */
export function choicesOf(schema: Json | undefined): string[] {
  if (!isObject(schema)) return [];
  if (Array.isArray(schema['enum'])) return schema['enum'].filter((one) => typeof one === 'string');
  if (schema['type'] === 'array') return choicesOf(schema['items']);
  const [field, ...others] = fieldsOf(schema);
  return field !== undefined && others.length === 0 ? choicesOf(field[1]) : [];
}

/** A text as the content that the schema asks for: a form's as JSON, else under the name of the only field. */
export function answerContent(text: string, schema: Json | undefined): Json {
  const [field, ...others] = fieldsOf(schema);
  if (field === undefined) return text;
  if (others.length > 0) return formContent(text);
  const [name, value] = field;
  return { [name]: isObject(value) && value['type'] === 'array' ? [text] : text };
}

function formContent(text: string): Json {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    // A bare text answers the first field that is required.
    return text;
  }
}

function fieldsOf(schema: Json | undefined): [string, Json][] {
  if (!isObject(schema) || !isObject(schema['properties'])) return [];
  return Object.entries(schema['properties']) as [string, Json][];
}
