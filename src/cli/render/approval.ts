import type { ApprovalOption } from '../../domain/content.ts';
import type { EntryOf } from '../../domain/entry.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { oneLine } from '../clean.ts';
import { renderDiff } from './diff.ts';
import { indent, type Look } from './look.ts';
import { commandOf } from './tool-call.ts';

/** An approval: what is asked, what would be done, and which answers there are with their keys. */
export function renderApproval(entry: EntryOf<'approval'>, look: Look): string[] {
  const { title, toolCall, options } = entry.data;
  const { style } = look;
  const command = commandOf(toolCall?.input);
  const edits = (toolCall?.content ?? []).flatMap((content) =>
    content.type === 'diff' ? renderDiff(content, look) : [],
  );
  return [
    `${style.yellow('?')} ${style.bold(oneLine(title, 200))}`,
    ...(command === '' || title.includes(command) ? [] : [`    ${style.cyan(command)}`]),
    ...indent(edits, '    '),
    ...options.map(
      (option, at) => `    ${at + 1}  ${keyOf(option, options)}${oneLine(option.name)}`,
    ),
  ];
}

export function renderQuestion(entry: EntryOf<'question'>, look: Look): string[] {
  const choices = choicesOf(entry.data.schema);
  return [
    `${look.style.yellow('?')} ${look.style.bold(oneLine(entry.data.message, 400))}`,
    ...choices.map((choice, at) => `    ${at + 1}  ${oneLine(choice)}`),
  ];
}

/** The option that a key stands for: y, a, n, or its number. */
export function optionOfKey(
  key: string,
  options: readonly ApprovalOption[],
): ApprovalOption | undefined {
  const number = Number(key);
  if (Number.isInteger(number) && number >= 1) return options[number - 1];
  const kind = kindOfKey[key];
  return options.find((option) => option.kind === kind);
}

function keyOf(option: ApprovalOption, options: readonly ApprovalOption[]): string {
  const key = ['y', 'a', 'n'].find((one) => optionOfKey(one, options) === option);
  return key === undefined ? '' : `(${key}) `;
}

/** The values that a question's schema allows, where it is one choice among texts. */
export function choicesOf(schema: Json | undefined): string[] {
  if (!isObject(schema)) return [];
  if (Array.isArray(schema['enum'])) return schema['enum'].filter((one) => typeof one === 'string');
  const fields = isObject(schema['properties']) ? Object.values(schema['properties']) : [];
  return fields.length === 1 ? choicesOf(fields[0]) : [];
}

/** A text as the content that the schema asks for: under the name of its only field, if it has one. */
export function answerContent(text: string, schema: Json | undefined): Json {
  if (!isObject(schema) || !isObject(schema['properties'])) return text;
  const [name, ...others] = Object.keys(schema['properties']);
  return name === undefined || others.length > 0 ? text : { [name]: text };
}

const kindOfKey: Readonly<Record<string, ApprovalOption['kind']>> = {
  y: 'allow_once',
  a: 'allow_always',
  n: 'reject_once',
};
