import type { AgentCommand } from '../../domain/agent-event.ts';
import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { errorCodes, errorLine, resultLine } from './json-rpc.ts';
import { listAt, memberAt, objectAt, textAt } from '../shape.ts';
import type { FieldType, OpenQuestion, Reading } from './state.ts';

const fieldChars = 256;
const typedFields = 64;
const urlChars = 4096;

/** What is asked for, without the id of the request. */
interface Asked {
  message: string;
  schema: JsonObject;
  open: Omit<OpenQuestion, 'request'>;
}

/** `elicitation/create`: a form to fill in, or a page to open. */
export function readElicitation(reading: Reading, request: string | number, params: Json): void {
  const asked = askedBy(params);
  if (asked === undefined) {
    reading.unrecognized('a question that is neither a form nor a page');
    const reason = 'only forms and http(s) addresses, with a message, are taken';
    reading.send(errorLine(request, errorCodes.invalidParams, reason));
    return;
  }
  const { message, schema, open } = asked;
  reading.activity();
  reading.emit({ type: 'question', item: reading.nextItem(), request, message, schema });
  const others = reading.state.questions.filter((known) => known.request !== request);
  reading.change({ questions: [...others, { request, ...open }].slice(-limits.openApprovals) });
}

function askedBy(params: Json): Asked | undefined {
  const message = textAt(params, 'message');
  if (message === undefined) return undefined;
  switch (textAt(params, 'mode') ?? 'form') {
    case 'form': {
      const schema = objectAt(params, 'requestedSchema');
      if (schema === undefined) return undefined;
      return { message, schema, open: { field: fieldOf(schema), types: typesOf(schema) } };
    }
    case 'url': {
      const url = textAt(params, 'url') ?? '';
      if (!isPage(url)) return undefined;
      // A form without fields: what is answered is only whether the person wants to go there.
      const schema = { type: 'object', properties: {}, url };
      return { message: `${message}\n${url}`, schema, open: { field: null, types: {} } };
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

function typesOf(schema: JsonObject): OpenQuestion['types'] {
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

/** People type texts; the fields that take something else get it where the text says it. */
function typed(given: JsonObject, types: OpenQuestion['types']): JsonObject {
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
