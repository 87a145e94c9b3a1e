import type { By } from '../../domain/entry.ts';
import type { Json, JsonObject } from '../../domain/json.ts';

/** The version of the session files of the pi coding agent that is written; 1 and 2 are migrated. */
export const piVersion = 3;

/** Who wrote an entry that was made of a line of a pi file. No token has that id. */
export const piAuthor: By = { type: 'client', token: 'import', client: 'pi' };

/** Types of the external entries that keep the lines: the header, an entry, one that lies in a blob. */
export const rawTypes = { header: 'pi.session', line: 'pi', blob: 'pi.blob' } as const;

/** A line of a pi file: its header, or an entry of its tree. */
export type PiLine = JsonObject;

export function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as JsonObject)[name];
}

export function textOr<Otherwise>(
  value: Json | undefined,
  otherwise: Otherwise,
): string | Otherwise {
  return typeof value === 'string' ? value : otherwise;
}

export function numberOr<Otherwise>(
  value: Json | undefined,
  otherwise: Otherwise,
): number | Otherwise {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
