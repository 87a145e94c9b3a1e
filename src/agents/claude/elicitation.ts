import type { AgentCommand } from '../../domain/agent-event.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { listAt, memberAt, objectAt, sizeOf, textAt } from '../shape.ts';
import type { FieldType, OpenForm, Reading } from './state.ts';

const fieldChars = 256;
const typedFields = 64;
/** Names of typed fields that are remembered, of all forms together. */
const typesChars = 128 * 1024;
const urlChars = 4096;

/** What is asked for, without the id of the request. */
interface Asked {
  message: string;
  schema: JsonObject;
  form: Omit<OpenForm, 'request'>;
}

/** An MCP server asks the user: a form to fill in, or a page to open. False where it is neither. */
export function readElicitation(reading: Reading, id: string, request: JsonObject): boolean {
  const asked = askedBy(request);
  if (asked === undefined) return false;
  const { schema, form } = asked;
  const server = textAt(request, 'mcp_server_name') ?? '';
  // Who asks decides what may be told: a server is not the model.
  const message = `${server === '' ? 'An MCP server' : server} asks: ${asked.message}`;
  reading.emit({ type: 'question', item: reading.nextItem(), request: id, message, schema });
  const others = reading.state.forms.filter((open) => open.request !== id);
  reading.change({ forms: within([...others, { request: id, ...form }]) });
  return true;
}

/** Of too many forms the oldest lose the types of their fields: texts then stay texts. */
function within(forms: readonly OpenForm[]): readonly OpenForm[] {
  let room = typesChars;
  return forms
    .slice(-limits.openApprovals)
    .toReversed()
    .map((form) => {
      room -= sizeOf(form.types, typesChars);
      return room < 0 ? { ...form, types: {} } : form;
    })
    .toReversed();
}

function askedBy(request: JsonObject): Asked | undefined {
  const message = textAt(request, 'message');
  if (message === undefined) return undefined;
  switch (textAt(request, 'mode') ?? 'form') {
    case 'form': {
      const schema = objectAt(request, 'requested_schema');
      if (schema === undefined) return undefined;
      return { message, schema, form: { field: fieldOf(schema), types: typesOf(schema) } };
    }
    case 'url': {
      const url = textAt(request, 'url') ?? '';
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

function typesOf(schema: JsonObject): OpenForm['types'] {
  const fields = Object.entries(objectAt(schema, 'properties') ?? {}).flatMap(([name, field]) => {
    const type = textAt(field, 'type') ?? '';
    const usable = name.length <= fieldChars && name !== '__proto__' && Object.hasOwn(types, type);
    return usable ? [[name, types[type]!] as const] : [];
  });
  return Object.fromEntries(fields.slice(0, typedFields));
}

type Answer = Extract<AgentCommand, { type: 'answer_question' }>;

const actions: { readonly [Outcome in Answer['outcome']]: string } = {
  answered: 'accept',
  declined: 'decline',
  withdrawn: 'cancel',
};

/** What Claude Code passes on to the server. */
export function formAnswer({ field, types }: OpenForm, { outcome, content }: Answer): JsonObject {
  const action = actions[outcome];
  if (outcome !== 'answered' || field === null) return { action };
  if (content === undefined) return { action, content: {} };
  const given = isObject(content) ? content : { [field]: content };
  return { action, content: typed(given, types) };
}

/** People type texts; the fields that take something else get it where the text says it. */
function typed(given: JsonObject, types: OpenForm['types']): JsonObject {
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
