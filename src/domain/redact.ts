import type { EntryKind } from './entry.ts';
import { canonicalJson, isObject, type Json } from './json.ts';

/**
 * What a before-commit hook may change of an entry's data, for each kind: texts, never structure. What is
 * not named stays as it is; ids, outcomes, statuses, usage and the books of runs are never named.
 *
 *   text    any other text                          withheld: `withheldText`
 *   json    any other JSON                          withheld: null
 *   line    any other JSON, which a line says       withheld: `withheldText`
 *   loose   as it is, or left out                   withheld: left out
 *   blocks  content blocks, in any number           withheld: one text
 *   each    a list of the same length
 */
type Mask =
  | 'text'
  | 'json'
  | 'line'
  | 'loose'
  | 'blocks'
  | { readonly each: Mask }
  | { readonly values: Mask }
  | { readonly fields: { readonly [field: string]: Mask } };

/** Stands where a text was. */
export const withheldText = '[withheld]';

const fields = (named: { readonly [field: string]: Mask }): Mask => ({ fields: named });
const failure = fields({ message: 'text' });
const toolCall = fields({
  title: 'text',
  input: 'json',
  output: 'json',
  content: {
    each: fields({
      content: 'blocks',
      path: 'text',
      oldText: 'text',
      newText: 'text',
      oldBlob: 'loose',
      newBlob: 'loose',
    }),
  },
  locations: { each: fields({ path: 'text' }) },
});
const ruling = fields({ why: 'text' });
const side = fields({ target: 'text' });

/** Null: there is no text in it, and no hook is asked. */
const masks: Record<EntryKind, Mask | null> = {
  prompt: fields({ content: 'blocks' }),
  delivery: fields({ content: 'blocks' }),
  message: fields({ content: 'blocks' }),
  thought: fields({ content: 'blocks' }),
  tool_call: toolCall,
  plan: fields({ items: { each: fields({ content: 'text' }) } }),
  approval: fields({
    title: 'text',
    toolCall,
    options: { each: fields({ name: 'text' }) },
    wants: 'loose',
    ruling,
  }),
  decision: fields({ message: 'text', reason: 'text', input: 'json', ruling }),
  question: fields({ message: 'text', schema: 'json' }),
  answer: fields({ content: 'json', reason: 'text' }),
  run_started: null,
  abort: null,
  run_ended: fields({ error: failure, answer: fields({ text: 'text' }) }),
  usage: null,
  queue: fields({ reason: 'text', content: 'blocks' }),
  settings: fields({
    changes: fields({
      title: 'text',
      label: 'text',
      meta: { values: 'text' },
      instructions: fields({ replace: 'text', append: 'text' }),
    }),
  }),
  host: fields({ error: failure }),
  reset: null,
  compaction: fields({ summary: 'text' }),
  fork: null,
  deletion: null,
  snapshot: fields({ path: 'text', before: side, after: side }),
  restore: fields({
    files: { each: fields({ path: 'text', message: 'text', from: side, to: side }) },
  }),
  owner: fields({ reason: 'text' }),
  // A line that is not JSON any more is left out of what is given back to the agent.
  native: fields({ line: 'line', blob: 'loose' }),
  stall: null,
  notice: fields({ text: 'text', data: 'json' }),
  external: fields({ raw: 'json' }),
  unrecognized: fields({ raw: 'text', reason: 'text' }),
};

/** Whether entries of the kind hold anything that a hook may change. */
export function isRedactable(kind: EntryKind): boolean {
  return masks[kind] !== null;
}

/** The data with all its texts taken out: what is left holds the log together. */
export function withheldData(kind: EntryKind, data: Json): Json {
  const mask = masks[kind];
  return mask === null ? data : emptied(mask, data);
}

/** The data as a hook wants it, null where it changes more than it may. */
export function redactedData(kind: EntryKind, data: Json, given: Json): Json | null {
  const mask = masks[kind];
  return mask !== null && fits(mask, data, given) ? given : null;
}

function emptied(mask: Mask, value: Json): Json {
  if (mask === 'json') return null;
  if (mask === 'line') return withheldText;
  if (mask === 'text') return typeof value === 'string' && value !== '' ? withheldText : value;
  if (mask === 'blocks') return emptiedBlocks(value);
  // Left out by whoever has it as a member.
  if (mask === 'loose') return null;
  if ('each' in mask) return isList(value) ? value.map((item) => emptied(mask.each, item)) : value;
  if (!isObject(value)) return value;
  const of = (name: string): Mask | undefined =>
    'values' in mask
      ? mask.values
      : Object.hasOwn(mask.fields, name)
        ? mask.fields[name]
        : undefined;
  const members = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    const inner = of(name);
    if (inner === 'loose') return [];
    return [[name, inner === undefined ? member : emptied(inner, member)]];
  });
  return Object.fromEntries(members);
}

/** Blocks, or the one of a tool's content. */
function emptiedBlocks(value: Json): Json {
  const text = { type: 'text', text: withheldText };
  if (!isList(value)) return text;
  return value.length === 0 ? value : [text];
}

function fits(mask: Mask, value: Json, given: Json): boolean {
  if (mask === 'json' || mask === 'line') return true;
  if (mask === 'loose') return same(value, given);
  if (mask === 'text') {
    return typeof value === 'string' ? typeof given === 'string' : same(value, given);
  }
  if (mask === 'blocks') return fitsBlocks(value, given);
  if ('each' in mask) {
    if (!isList(value) || !isList(given)) return same(value, given);
    return (
      value.length === given.length && value.every((item, at) => fits(mask.each, item, given[at]!))
    );
  }
  return fitsMembers(mask, value, given);
}

function fitsMembers(
  mask: Extract<Mask, { values: Mask } | { fields: object }>,
  value: Json,
  given: Json,
): boolean {
  if (!isObject(value) || !isObject(given)) return same(value, given);
  const of = (name: string): Mask | undefined =>
    'values' in mask
      ? mask.values
      : Object.hasOwn(mask.fields, name)
        ? mask.fields[name]
        : undefined;
  if (Object.keys(given).some((name) => !Object.hasOwn(value, name))) return false;
  return Object.entries(value).every(([name, member]) => {
    const inner = of(name);
    const other = given[name];
    if (!Object.hasOwn(given, name) || other === undefined) return inner === 'loose';
    return inner === undefined ? same(member, other) : fits(inner, member, other);
  });
}

/** Any blocks of the known shapes; one that lies in a blob only as it was. */
function fitsBlocks(value: Json, given: Json): boolean {
  if (!isList(value)) return isObject(value) && isBlock(given, [value]);
  if (!isList(given) || given.length > Math.max(value.length, 1)) return false;
  return (given.length > 0 || value.length === 0) && given.every((block) => isBlock(block, value));
}

const blockTexts: {
  readonly [type: string]: { required: readonly string[]; others: readonly string[] };
} = {
  text: { required: ['text'], others: [] },
  image: { required: ['mimeType'], others: ['data', 'uri'] },
  audio: { required: ['mimeType'], others: ['data'] },
  resource_link: { required: ['uri', 'name'], others: ['mimeType', 'title'] },
};

function isBlock(block: Json, known: readonly Json[]): boolean {
  if (known.some((one) => same(one, block))) return true;
  if (!isObject(block) || typeof block['type'] !== 'string') return false;
  const { type } = block;
  if (type === 'resource') return Object.keys(block).length === 2 && isObject(block['resource']);
  const shape = Object.hasOwn(blockTexts, type) ? blockTexts[type] : undefined;
  if (shape === undefined) return false;
  const allowed = new Set(['type', ...shape.required, ...shape.others]);
  return (
    shape.required.every((name) => typeof block[name] === 'string') &&
    Object.entries(block).every(([name, text]) => allowed.has(name) && typeof text === 'string')
  );
}

function same(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
