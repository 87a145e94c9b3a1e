import { z } from 'zod';
import { refusalCodes, type RefusalCode } from '../domain/refusal.ts';
import { httpStatus } from '../protocol/error.ts';
import type { Operation } from '../protocol/operation.ts';
import { operationNames, operations } from '../protocol/operations.ts';
import { entry, row, run } from '../protocol/schema.ts';
import { examples } from './openapi-examples.ts';

/** A JSON Schema, or another part of the document. */
export type Part = { [name: string]: unknown };

/** Schemas that many operations share, by their names in the document. */
const shared = new Map<unknown, string>([
  [row, 'SessionRow'],
  [entry, 'Entry'],
  [run, 'Run'],
]);

/** The description of the HTTP face, made of the table of operations: OpenAPI 3.1. */
export function openApi(version: string): Part {
  const schemas: Part = { Refusal: refusalSchema };
  for (const [schema, name] of shared) {
    schemas[name] = schemaOf(schema as z.ZodType, { name, io: 'output', schemas, own: true });
  }
  const paths = operationNames
    .map((name): Operation => operations[name])
    .filter(({ shape }) => shape !== 'feed')
    .map((operation) => [`/v1/${operation.name}`, { post: operationOf(operation, schemas) }]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Turnkeep',
      version,
      description:
        'Sessions of coding agents that lose no turn. Every operation is a POST with its input as JSON. ' +
        'Feeds are WebSocket and server-sent events only.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: tags(),
    paths: Object.fromEntries(paths),
    components: {
      schemas,
      responses: responses(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function tags(): Part[] {
  const groups = operationNames.map((name) => name.split('.')[0] ?? '');
  return [...new Set(groups)].filter((name) => name !== 'feeds').map((name) => ({ name }));
}

function operationOf(operation: Operation, schemas: Part): Part {
  const { name, summary, scope, shape } = operation;
  const input = reference(operation, 'input', schemas);
  const output = reference(operation, 'output', schemas);
  const example = examples[name as keyof typeof examples];
  return {
    operationId: name,
    summary,
    tags: [name.split('.')[0]],
    ...(scope === null ? { security: [] } : { 'x-scope': scope }),
    ...(operation.inside === true ? { 'x-inside': true } : {}),
    ...(operation.fields === undefined ? {} : { 'x-field-scopes': operation.fields }),
    ...(shape === 'upload'
      ? {
          parameters: parametersOf(operation.input),
          requestBody: operation.body === 'bytes' ? bytesBody : linesBody,
        }
      : {
          requestBody: {
            required: true,
            content: {
              'application/json': { schema: input, ...(example === undefined ? {} : { example }) },
            },
          },
        }),
    responses: {
      '200': {
        description: shape === 'download' ? 'Lines of JSON, as they come.' : 'Done.',
        content:
          shape === 'download'
            ? { 'application/x-ndjson': { schema: { type: 'string' } } }
            : { 'application/json': { schema: output } },
      },
      ...Object.fromEntries(
        statuses.map((status) => [status, { $ref: `#/components/responses/Refused${status}` }]),
      ),
    },
  };
}

const linesBody = {
  required: true,
  content: { 'application/x-ndjson': { schema: { type: 'string' } } },
};

const bytesBody = {
  required: true,
  content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
};

/** The input of an upload stands in the query. */
function parametersOf(input: z.ZodType): Part[] {
  const { properties = {}, required = [] } = z.toJSONSchema(input, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as Part;
    return {
      name,
      in: 'query',
      required: required.includes(name),
      schema: rest,
      ...(description === undefined ? {} : { description }),
    };
  });
}

/** `sessions.stopAll` with its input is `SessionsStopAllInput`. */
function reference(operation: Operation, io: 'input' | 'output', schemas: Part): Part {
  const words = operation.name
    .split('.')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  const name = `${words.join('')}${io === 'input' ? 'Input' : 'Output'}`;
  schemas[name] = schemaOf(operation[io], { name, io, schemas, own: false });
  return { $ref: `#/components/schemas/${name}` };
}

interface Named {
  name: string;
  io: 'input' | 'output';
  /** Where definitions of parts go. */
  schemas: Part;
  /** It is one of the shared ones itself. */
  own: boolean;
}

function schemaOf(schema: z.ZodType, { name, io, schemas, own }: Named): Part {
  const {
    $schema: _,
    $defs,
    ...whole
  } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema, path }) => {
      // A value of JSON, which is made of values of JSON: generators stumble over such a circle.
      if (zodSchema._zod.def.type === 'lazy') {
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
        jsonSchema.description = 'any JSON value';
      }
      const known = shared.get(zodSchema);
      if (known === undefined || (own && path.length === 0)) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.$ref = `#/components/schemas/${known}`;
    },
  }) as Part & { $defs?: Part };
  const place = (part: unknown): unknown => located(part, name);
  for (const [def, part] of Object.entries($defs ?? {})) schemas[`${name}.${def}`] = place(part);
  return place(whole) as Part;
}

/** References within a schema, as references within the document. */
function located(part: unknown, name: string): unknown {
  if (Array.isArray(part)) return part.map((each) => located(each, name));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (key !== '$ref' || typeof value !== 'string') return [key, located(value, name)];
      if (value === '#') return [key, `#/components/schemas/${name}`];
      return [key, value.replace(/^#\/\$defs\//, `#/components/schemas/${name}.`)];
    }),
  );
}

const refusalSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: [...refusalCodes] },
        message: { type: 'string', description: 'what to change' },
        field: { type: 'string', description: 'the bad field of the input' },
        data: { type: 'object', additionalProperties: true },
      },
    },
  },
};

const statuses = [...new Set(refusalCodes.map((code) => httpStatus[code]))].toSorted(
  (a, b) => a - b,
);

function responses(): Part {
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = refusalCodes.filter((code) => httpStatus[code] === status);
      return [`Refused${status}`, responseOf(codes)];
    }),
  );
}

function responseOf(codes: readonly RefusalCode[]): Part {
  const schema = {
    allOf: [
      { $ref: '#/components/schemas/Refusal' },
      { type: 'object', properties: { error: { properties: { code: { enum: codes } } } } },
    ],
  };
  return {
    description: `Refused: ${codes.join(', ')}.`,
    content: { 'application/json': { schema } },
  };
}
