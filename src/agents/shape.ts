import { isObject, type Json, type JsonObject } from '../domain/json.ts';

/** Readers of untrusted JSON: what has not the asked shape is absent, and never throws. */

export function textAt(value: Json | undefined, key: string): string | undefined {
  const member = memberAt(value, key);
  return typeof member === 'string' ? member : undefined;
}

export function countAt(value: Json | undefined, key: string): number | undefined {
  const member = memberAt(value, key);
  return typeof member === 'number' && Number.isFinite(member) && member >= 0 ? member : undefined;
}

export function listAt(value: Json | undefined, key: string): readonly Json[] | undefined {
  const member = memberAt(value, key);
  return Array.isArray(member) ? member : undefined;
}

export function objectAt(
  value: Json | undefined,
  ...path: readonly string[]
): JsonObject | undefined {
  let member: Json | undefined = value;
  for (const key of path) member = memberAt(member, key);
  return isObject(member) ? member : undefined;
}

/** Own members only: an agent may name a field like a method of every object. */
export function memberAt(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Whether a value is nested deeper than `levels`: such a value cannot be stored or sent on safely. */
export function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((member: Json) => isDeeper(member, levels - 1));
}

/** About how many characters the value takes as JSON, counted no further than `cap`. */
export function sizeOf(value: Json | undefined, cap: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 2;
  for (const [key, member] of Object.entries(value)) {
    size += key.length + 4 + sizeOf(member, cap - size);
    if (size > cap) break;
  }
  return size;
}

/** The last `count` UTF-16 units, or one less where the cut would fall into a surrogate pair. */
export function tailOf(text: string, count: number): string {
  if (text.length <= count) return text;
  const tail = text.slice(text.length - count);
  const first = tail.charCodeAt(0);
  return first >= 0xdc00 && first <= 0xdfff ? tail.slice(1) : tail;
}

/** The bound of one remembered value: ids, names and titles. */
export function short(value: Json | undefined, chars = 256): string | undefined {
  return typeof value === 'string' ? value.slice(0, chars) : undefined;
}

/** A line as JSON; undefined where it is none. */
export function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Programs print other things beside their protocol: whoever reads says what that is.
    return undefined;
  }
}

/** Whether it is one that a program takes as it is. */
export function isPath(directory: string): boolean {
  return directory.startsWith('/') && !directory.includes('\0');
}
