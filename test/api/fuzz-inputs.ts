import fc, { type Arbitrary } from 'fast-check';
import type { z } from 'zod';

/** Values that mean something to the daemon, by the name of the field that takes them. */
export type Known = { readonly [field: string]: readonly string[] };

/** Strings that break programs which look at them carelessly. */
export const nasty: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '/etc/passwd',
  '%2e%2e%2f',
  '\0',
  'a\0b',
  '-rf',
  '--help',
  'x'.repeat(300),
  'x'.repeat(5000),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\ud800',
  'a\udc00b',
  '\u202e\u0000\ufeff',
  'é'.normalize('NFD'),
  'ﬀ',
  '\r\nx: y',
  "'; DROP TABLE sessions; --",
  '$(id)',
  '`id`',
  '{{7*7}}',
  '%s%n',
  'null',
  'NaN',
  '-0',
  '1e308',
  '2026-02-30T25:61:61Z',
  '0000-01-01T00:00:00Z',
  '\u001b[2J',
  '💥'.repeat(40),
  'agent:plain:',
  'agent::x',
  'agent:plain:\ud800',
  'AGENT:Plain:X ',
];

const numbers = [0, -0, -1, 1.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53, 2 ** 63, 9e15];

/** What the checks of a schema leave free. */
interface Bounds {
  minimum?: number;
  maximum?: number;
  pattern?: RegExp;
  format: string | undefined;
}

interface Check {
  check: string;
  minimum?: number;
  maximum?: number;
  value?: number;
  pattern?: RegExp;
}

/** The parts of a schema that say what fits it. */
interface Def {
  type: string;
  checks?: readonly { _zod: { def: Check } }[];
  format?: string;
  shape?: Record<string, z.ZodType>;
  innerType?: z.ZodType;
  in?: z.ZodType;
  element?: z.ZodType;
  options?: readonly z.ZodType[];
  entries?: Record<string, string>;
  values?: readonly unknown[];
  valueType?: z.ZodType;
}

/** Inputs that fit a schema, as far as it says so itself: what fields ask of each other is left to chance. */
export function fitting(schema: z.ZodType, known: Known, field = ''): Arbitrary<unknown> {
  const def = schema._zod.def as unknown as Def;
  const bounds = boundsOf(def);
  switch (def.type) {
    case 'object':
      return object(def.shape ?? {}, known);
    case 'optional':
    case 'default':
    case 'readonly':
    case 'nonoptional':
      return fitting(def.innerType!, known, field);
    // What it is made into is not for clients to give.
    case 'pipe':
      return fitting(def.in!, known, field);
    case 'nullable':
      return fc.option(fitting(def.innerType!, known, field), { freq: 4 });
    case 'string':
      return text(bounds, known[field] ?? []);
    case 'number':
      return whole(bounds);
    case 'boolean':
      return fc.boolean();
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries ?? {}));
    case 'literal':
      return fc.constantFrom(...(def.values ?? []));
    case 'array': {
      const { minimum = 0, maximum = 8 } = bounds;
      const size = { minLength: minimum, maxLength: Math.max(minimum, Math.min(maximum, 4)) };
      return fc.array(fitting(def.element!, known, field), size);
    }
    case 'union':
      return fc.oneof(...(def.options ?? []).map((option) => fitting(option, known, field)));
    case 'record':
      return fc.dictionary(
        fc.oneof(word, fc.constantFrom('constructor', 'toString', 'a.b')),
        fitting(def.valueType!, known),
        { maxKeys: 3 },
      );
    case 'null':
      return fc.constant(null);
    // The only schema that is made when it is asked for is that of any JSON.
    case 'lazy':
    case 'unknown':
      return fc.jsonValue({ maxDepth: 3 }) as Arbitrary<unknown>;
    default:
      throw new Error(`No inputs are made for ${def.type}: teach it here.`);
  }
}

function boundsOf({ checks = [], format }: Def): Bounds {
  const bounds: Bounds = { format };
  for (const { _zod } of checks) {
    const { check, minimum, maximum, value, pattern } = _zod.def;
    if (check === 'min_length') bounds.minimum = minimum!;
    else if (check === 'max_length') bounds.maximum = maximum!;
    else if (check === 'greater_than') bounds.minimum = value!;
    else if (check === 'less_than') bounds.maximum = value!;
    else if (check === 'string_format') bounds.pattern = pattern!;
  }
  return bounds;
}

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);

function object(shape: Record<string, z.ZodType>, known: Known): Arbitrary<unknown> {
  const required = Object.keys(shape).filter((name) => !isOptional(shape[name]!));
  const optional = Object.keys(shape).filter((name) => !required.includes(name));
  const members = Object.entries(shape).map(
    ([name, schema]) => [name, fitting(schema, known, name)] as const,
  );
  // Fields may exclude each other, so that inputs with few of them get further than full ones.
  return fc
    .oneof(
      fc.subarray(optional, { maxLength: Math.min(2, optional.length) }),
      fc.subarray(optional),
    )
    .chain((given) => {
      const names = new Set([...required, ...given]);
      return fc.record(Object.fromEntries(members.filter(([name]) => names.has(name))));
    });
}

function isOptional(schema: z.ZodType): boolean {
  const { type } = schema._zod.def;
  return type === 'optional' || type === 'default';
}

function text(bounds: Bounds, known: readonly string[]): Arbitrary<string> {
  const { minimum = 0, maximum = 1000, pattern, format } = bounds;
  const fits = (value: string): boolean => value.length >= minimum && value.length <= maximum;
  const of = known.length === 0 ? [] : [{ weight: 6, arbitrary: fc.constantFrom(...known) }];
  if (format === 'base64') {
    return fc.oneof(fc.base64String(), fc.constant('A'.repeat(200_000)));
  }
  if (format === 'datetime') {
    const range = { min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true };
    return fc.date(range).map((date) => date.toISOString());
  }
  if (pattern !== undefined) {
    return fc.oneof(...of, { weight: 1, arbitrary: fc.stringMatching(pattern) });
  }
  const size = { minLength: minimum, maxLength: Math.min(maximum, minimum + 40) };
  const odd = nasty.filter(fits);
  return fc.oneof(
    ...of,
    { weight: 1, arbitrary: fc.string({ ...size, unit: 'binary' }) },
    { weight: 1, arbitrary: fc.string(size) },
    { weight: 1, arbitrary: fc.constantFrom('x'.repeat(Math.max(1, maximum)), ...odd) },
  );
}

function whole({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Bounds): Arbitrary<number> {
  const [min, max] = [Math.max(minimum, Number.MIN_SAFE_INTEGER), maximum];
  // Of a fraction the whole numbers above it, too.
  const least = Math.ceil(min);
  const above = fc.integer({ min: least, max: Math.min(max, least + 300) });
  return fc.oneof(fc.constantFrom(min, max), above);
}

const hundredDeep = JSON.parse('['.repeat(100) + ']'.repeat(100)) as unknown;

/** A value in the place of another that does not ask for it. */
const intruder: Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...nasty) },
  { weight: 2, arbitrary: fc.constantFrom(...numbers) },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, [], {}, [[]], { a: {} }) },
  { weight: 1, arbitrary: fc.constantFrom(hundredDeep, 'x'.repeat(20_000), '0'.repeat(70)) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) as Arbitrary<unknown> },
);

/** Inputs with one thing wrong: a field of another kind, missing, or that there is none of. */
export function nearly(schema: z.ZodType, known: Known): Arbitrary<unknown> {
  const extra = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'prototype', 'sesion'), word);
  const change = fc.constantFrom('replace', 'replace', 'remove', 'add', 'twice');
  return fc
    .tuple(fitting(schema, known), fc.nat(), change, intruder, extra)
    .map(([value, at, how, thing, name]) => {
      const changed = structuredClone(value);
      const places = placesIn(changed);
      const place = places[at % Math.max(1, places.length)];
      if (place === undefined || how === 'add') return withField(changed, name, thing);
      const { within, key } = place;
      if (how === 'remove') {
        if (Array.isArray(within)) within.splice(Number(key), 1);
        else Reflect.deleteProperty(within, key);
      } else if (how === 'twice') set(within, key, [Reflect.get(within, key)]);
      else set(within, key, thing);
      return changed;
    });
}

interface InValue {
  within: object;
  key: string;
}

/** Every member and item, however deep. */
function placesIn(value: unknown): InValue[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    { within: value, key },
    ...placesIn(item),
  ]);
}

function withField(value: unknown, name: string, item: unknown): unknown {
  if (typeof value !== 'object' || value === null) return item;
  set(value, name, item);
  return value;
}

/** Also for `__proto__`, to which an assignment would do something else. */
function set(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** Anything that JSON can carry, with fields that operations have as often as not. */
export function wild(fields: readonly string[]): Arbitrary<unknown> {
  const { anything } = fc.letrec((tie) => ({
    anything: fc.oneof(
      { maxDepth: 4, withCrossShrink: false },
      intruder,
      fc.constantFrom(...nasty, ...numbers),
      fc.array(tie('anything'), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.constantFrom(...fields, '__proto__', 'constructor'), tie('anything')), {
          maxLength: 5,
        })
        .map((members) => {
          const made = {};
          for (const [key, value] of members) set(made, key, value);
          return made;
        }),
    ),
  }));
  return anything as Arbitrary<unknown>;
}
