import { refuse } from '../domain/refusal.ts';

type QueryOf<Names extends string> = { [Name in Names]?: string };

/**
 * Query parameters by name. Unknown and repeated ones are refused: a token has no place in a URL.
 */
export function readQuery<Names extends string>(
  parameters: URLSearchParams,
  names: readonly Names[],
): QueryOf<Names> {
  const read: QueryOf<Names> = {};
  for (const [name, value] of parameters) {
    const known = names.find((each) => each === name);
    if (known === undefined) {
      throw refuse('invalid', `There is no such parameter; there are: ${names.join(', ')}.`, {
        field: name.slice(0, 100),
      });
    }
    if (read[known] !== undefined) throw refuse('invalid', `Give ${known} once.`, { field: known });
    read[known] = value;
  }
  return read;
}

export function readSeq(value: string, field: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw refuse('invalid', `${field}: Give the seq of an entry, a whole number from 0 on.`, {
    field,
  });
}

export function readFlag(value: string, field: string): boolean {
  if (['1', 'true'].includes(value)) return true;
  if (['0', 'false'].includes(value)) return false;
  throw refuse('invalid', `${field}: Give 1 or 0.`, { field });
}
