import type { AgentCommand } from '../domain/agent-event.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { listAt, memberAt, objectAt, textAt } from './shape.ts';

/** Forms and pages by which agents and MCP servers ask: read the same, whatever protocol brings them. */

const fieldChars = 256;
const typedFields = 64;
const urlChars = 4096;

/** What a field takes that is no text. */
export type FieldType = 'number' | 'boolean' | 'array';
export type FieldTypes = { readonly [field: string]: FieldType };

/** What is asked for: the field that a bare answer fills (null for a page), and fields that take no text. */
export interface AskedForm {
  message: string;
  schema: JsonObject;
  form: { field: string | null; types: FieldTypes };
}

/** A form whose schema stands in the member of that name, or a page; undefined where it is neither. */
export function askedBy(params: Json, schemaMember: string): AskedForm | undefined {
  const message = textAt(params, 'message');
  if (message === undefined) return undefined;
  switch (textAt(params, 'mode') ?? 'form') {
    case 'form': {
      const schema = objectAt(params, schemaMember);
      if (schema === undefined) return undefined;
      return { message, schema, form: { field: fieldOf(schema), types: typesOf(schema) } };
    }
    case 'url': {
      const url = textAt(params, 'url') ?? '';
      if (!isPage(url)) return undefined;
      // A form without fields: what is answered is only whether the person wants to go there.
      const schema = { type: 'object', properties: {}, url };
      return { message: `${message}\n${url}`, schema, form: { field: null, types: {} } };
    }
    default:
      return undefined;
  }
}

/** Whoever shows a page's address makes a link of it. */
function isPage(url: string): boolean {
  return url.length <= urlChars && /^https?:\/\/[!-~]+$/.test(url);
}

/** The field that a bare answer fills: the first that is required, else the first. */
function fieldOf(schema: JsonObject): string {
  const required = listAt(schema, 'required')?.find((name) => typeof name === 'string');
  const first = Object.keys(objectAt(schema, 'properties') ?? {})[0];
  return (required ?? first ?? 'answer').slice(0, fieldChars);
}

const types: { readonly [type: string]: FieldType } = {
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  array: 'array',
};

function typesOf(schema: JsonObject): FieldTypes {
  const fields = Object.entries(objectAt(schema, 'properties') ?? {}).flatMap(([name, field]) => {
    const type = textAt(field, 'type') ?? '';
    const usable = name.length <= fieldChars && name !== '__proto__' && Object.hasOwn(types, type);
    return usable ? [[name, types[type]!] as const] : [];
  });
  return Object.fromEntries(fields.slice(0, typedFields));
}

type Answer = Extract<AgentCommand, { type: 'answer_question' }>;

/** How the protocols call what became of a question. */
export const actions: { readonly [Outcome in Answer['outcome']]: string } = {
  answered: 'accept',
  declined: 'decline',
  withdrawn: 'cancel',
};

/** People type texts; the fields that take something else get it where the text says it. */
export function typed(given: JsonObject, types: FieldTypes): JsonObject {
  const entries = Object.entries(given).map(([name, value]) => {
    const type = memberAt(types, name);
    return [name, typeof value === 'string' ? typedText(value, type) : value] as const;
  });
  return Object.fromEntries(entries);
}

function typedText(text: string, type: Json | undefined): Json {
  const word = text.trim().toLowerCase();
  switch (type) {
    case 'number':
      return word === '' || !Number.isFinite(Number(word)) ? text : Number(word);
    case 'boolean':
      if (word === 'true' || word === 'yes') return true;
      return word === 'false' || word === 'no' ? false : text;
    case 'array':
      return [text];
    default:
      return text;
  }
}
