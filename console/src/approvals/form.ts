import type { QuestionParts } from './approval-card.tsx';

type Schema = QuestionParts['entry']['data']['schema'];

export interface Choice {
  value: string;
  title: string;
  about: string | null;
}

/** A field of a form, as an agent describes it. */
export interface Field {
  name: string;
  title: string;
  about: string | null;
  required: boolean;
  what:
    | { type: 'text'; long: boolean; format: string | null; most: number | null }
    | { type: 'number'; whole: boolean; least: number | null; most: number | null }
    | { type: 'boolean' }
    | { type: 'choice' | 'choices'; choices: readonly Choice[]; open: boolean };
  initial: Value;
}
export type Value = string | boolean | readonly string[];
/** By name, which is an agent's: no object has them as members. */
export type Values = ReadonlyMap<string, Value>;

const mostFields = 100;
const mostChoices = 500;

type Members = { readonly [name: string]: unknown };

/** The fields of a question; none where it is answered with a text, or about a page. */
export function fieldsOf(schema: Schema): Field[] {
  const members = membersOf(schema);
  const required = Array.isArray(members['required']) ? members['required'] : [];
  return Object.entries(membersOf(members['properties']))
    .slice(0, mostFields)
    .map(([name, field]) => fieldOf(name, membersOf(field), required.includes(name)));
}

/** The page that a question is about. */
export function pageOf(schema: Schema): string | null {
  return textIn(membersOf(schema), 'url');
}

function fieldOf(name: string, field: Members, required: boolean): Field {
  const what = whatOf(field);
  return {
    name,
    title: textIn(field, 'title') ?? name,
    about: textIn(field, 'description'),
    required,
    what,
    initial: initialOf(what, field['default']),
  };
}

function whatOf(field: Members): Field['what'] {
  const choices = choicesOf(field);
  const open = field['open'] === true;
  switch (field['type']) {
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
    case 'integer': {
      const whole = field['type'] === 'integer';
      return {
        type: 'number',
        whole,
        least: numberIn(field, 'minimum'),
        most: numberIn(field, 'maximum'),
      };
    }
    case 'array':
      return {
        type: 'choices',
        choices: choicesOf({ ...field, ...membersOf(field['items']) }),
        open,
      };
    default: {
      if (choices.length > 0) return { type: 'choice', choices, open };
      const most = numberIn(field, 'maxLength');
      return { type: 'text', long: (most ?? 0) > 200, format: textIn(field, 'format'), most };
    }
  }
}

/** `oneOf` and `anyOf` describe what `enum` only names. */
function choicesOf(field: Members): Choice[] {
  const described = [field['oneOf'], field['anyOf']].find((list) => Array.isArray(list));
  if (Array.isArray(described)) {
    return described.slice(0, mostChoices).flatMap((one) => {
      const choice = membersOf(one);
      const value = textIn(choice, 'const');
      if (value === null) return [];
      return [
        { value, title: textIn(choice, 'title') ?? value, about: textIn(choice, 'description') },
      ];
    });
  }
  const { enum: values, enumNames } = field;
  if (!Array.isArray(values)) return [];
  const names: readonly unknown[] = Array.isArray(enumNames) ? enumNames : [];
  return values.slice(0, mostChoices).flatMap((value, at) => {
    if (typeof value !== 'string') return [];
    const name = names[at];
    return [{ value, title: typeof name === 'string' ? name : value, about: null }];
  });
}

function initialOf(what: Field['what'], given: unknown): Value {
  switch (what.type) {
    case 'boolean':
      return given === true;
    case 'choices':
      return Array.isArray(given) ? given.filter((one) => typeof one === 'string') : [];
    case 'number':
      return typeof given === 'number' ? String(given) : '';
    case 'text':
    case 'choice':
      return typeof given === 'string' ? given : '';
  }
}

/** What is sent; what was left empty is not in it. */
export function contentOf(fields: readonly Field[], values: Values): { [name: string]: unknown } {
  const content: [string, unknown][] = [];
  for (const { name, what, initial, required } of fields) {
    const value = values.get(name) ?? initial;
    if (what.type === 'number') {
      if (value !== '') content.push([name, Number(value)]);
    } else if (value !== '' && (required || !Array.isArray(value) || value.length > 0)) {
      content.push([name, value]);
    }
  }
  return Object.fromEntries(content);
}

/** The first field that is missing. */
export function missingIn(fields: readonly Field[], values: Values): Field | undefined {
  return fields.find(({ name, initial, required }) => {
    const value = values.get(name) ?? initial;
    return required && (value === '' || (Array.isArray(value) && value.length === 0));
  });
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members)
    : {};
}
function textIn(members: Members, name: string): string | null {
  const value = Object.hasOwn(members, name) ? members[name] : undefined;
  return typeof value === 'string' ? value : null;
}
function numberIn(members: Members, name: string): number | null {
  const value = members[name];
  return typeof value === 'number' ? value : null;
}
