import { refuse } from '../domain/refusal.ts';

type Part = string | number;
type PartOf<Name> = Name extends 'number' ? number : string;

/** A cursor is opaque to clients: base64url of the JSON of the key where the page ended. */
export function cursorOf(parts: readonly Part[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

export function readCursor<const Names extends readonly ('number' | 'string')[]>(
  cursor: string,
  names: Names,
): { [Index in keyof Names]: PartOf<Names[Index]> } {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const fits =
    Array.isArray(parts) &&
    parts.length === names.length &&
    names.every((name, index) => typeof (parts as unknown[])[index] === name);
  if (!fits) throw refuse('invalid', 'This is no cursor of this list.', { field: 'cursor' });
  return parts as { [Index in keyof Names]: PartOf<Names[Index]> };
}
