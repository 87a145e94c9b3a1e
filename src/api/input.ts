import type { z } from 'zod';
import { refuse, type RefusalError } from '../domain/refusal.ts';
import { isOperationName, operationNames, operations } from '../protocol/operations.ts';
import type { OperationName, ParsedInputOf } from '../protocol/operations.ts';
import { didYouMean } from './near-names.ts';

type Issue = z.core.$ZodIssue;

/** The operation that a caller names; `not_found` with a hint otherwise. */
export function operationNamed(name: string): OperationName {
  if (isOperationName(name)) return name;
  const shown = JSON.stringify(name.slice(0, 100));
  throw refuse('not_found', `There is no operation ${shown}.${didYouMean(name, operationNames)}`, {
    field: 'operation',
  });
}

/**
 * The input after the operation's schema, defaults filled in; `invalid` with the bad field
 * otherwise.
 */
export function parseInput<Name extends OperationName>(
  name: Name,
  input: unknown,
): ParsedInputOf<Name> {
  const schema: z.ZodType = operations[name].input;
  const result = schema.safeParse(input);
  if (result.success) return result.data as ParsedInputOf<Name>;
  throw refusalOfIssues(
    result.error.issues,
    'shape' in schema ? Object.keys(schema.shape as object) : [],
  );
}

function refusalOfIssues(issues: readonly Issue[], fields: readonly string[]): RefusalError {
  const [issue] = issues;
  if (issue === undefined) return refuse('invalid', 'The input does not fit the operation.');
  const { path, message } = explain(issue, fields);
  if (path.length === 0) return refuse('invalid', message);
  const field = path.map(shown).join('.');
  return refuse('invalid', `${field}: ${message}`, { field });
}

/** Keys of maps are the caller's own: one may be empty, or as long as a body. */
function shown(part: PropertyKey): string {
  return part === '' ? '""' : String(part).slice(0, 100);
}

interface Explained {
  path: readonly PropertyKey[];
  message: string;
}

function explain(issue: Issue, fields: readonly string[]): Explained {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys;
      const near = issue.path.length === 0 ? didYouMean(key, fields) : '';
      return {
        path: [...issue.path, key.slice(0, 100)],
        message: `There is no such field.${near}`,
      };
    }
    case 'invalid_union':
      return explainUnion(issue, fields);
    case 'too_small':
      // Unless the schema has words of its own.
      if (
        issue.origin !== 'string' ||
        issue.minimum !== 1 ||
        !issue.message.startsWith('Too small')
      )
        break;
      return { path: issue.path, message: 'It is empty.' };
    case 'invalid_key':
      return explainKey(issue);
    case 'invalid_type':
      if (issue.path.length === 0)
        return { path: [], message: 'The input is an object of fields.' };
      return { path: issue.path, message: sentence(issue.message) };
    default:
  }
  return { path: issue.path, message: sentence(issue.message) };
}

/** A name in a map that may not be one. */
function explainKey({ path, issues }: Issue & { code: 'invalid_key' }): Explained {
  const [issue] = issues;
  const message = issue === undefined ? '' : ` ${sentence(issue.message)}`;
  return { path, message: `This cannot be a name here.${message}` };
}

/**
 * The alternative that the caller most likely meant: one of the right type at the top, with the
 * fewest mistakes. Where none has the right type, what each of them asks for.
 */
function explainUnion(
  issue: Issue & { code: 'invalid_union' },
  fields: readonly string[],
): Explained {
  const fitting = issue.errors.filter(
    (branch) => !branch.some(({ path, code }) => path.length === 0 && code === 'invalid_type'),
  );
  const [best] = fitting.toSorted((a, b) => mistakes(a) - mistakes(b));
  const [first] = best ?? [];
  if (first !== undefined) {
    const { path, message } = explain(first, fields);
    return { path: [...issue.path, ...path], message };
  }
  const asked = new Set(
    issue.errors.flatMap((branch) => branch.slice(0, 1).map(({ message }) => message)),
  );
  const message = asked.size === 0 ? issue.message : [...asked].join(' or ');
  return { path: issue.path, message: sentence(message) };
}

function mistakes(issues: readonly Issue[]): number {
  return issues.reduce(
    (sum, each) => sum + (each.code === 'unrecognized_keys' ? each.keys.length : 1),
    0,
  );
}

function sentence(message: string): string {
  const text = message.replaceAll(/^Invalid input: |, received undefined$/g, '');
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
