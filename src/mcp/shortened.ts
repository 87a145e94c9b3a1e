import { canonicalJson, isObject, type Json, type JsonObject } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';

/** Inputs over this size are shown with their longest texts cut. */
const shownChars = limits.inlineBytes / 2;
const textChars = 1000;

/** What a person is shown of a tool's input. */
export function shortened(input: JsonObject): JsonObject {
  if (JSON.stringify(input).length <= shownChars) return input;
  const members = Object.entries(input).map(([name, value]) => [name, short(value)]);
  const shown = Object.fromEntries(members) as JsonObject;
  if (JSON.stringify(shown).length <= shownChars) return shown;
  return { cut: JSON.stringify(input).slice(0, textChars) };
}

function short(value: Json): Json {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.length <= textChars) return value;
  return `${text.slice(0, textChars)}… (${text.length - textChars} more characters)`;
}

/**
 * The input that a person allowed instead: members that they left as they were shown are whole. Null where they
 * changed something of which they saw only a part.
 */
export function replaced(input: JsonObject, edited: Json): JsonObject | null {
  const shown = shortened(input);
  if (!isObject(edited)) return null;
  if (shown === input) return edited;
  const members: [string, Json][] = [];
  for (const [name, value] of Object.entries(edited)) {
    const whole = input[name];
    const before = shown[name];
    if (whole === undefined) return null;
    const same = before !== undefined && canonicalJson(before) === canonicalJson(value);
    if (!same && canonicalJson(before ?? null) !== canonicalJson(whole)) return null;
    members.push([name, same ? whole : value]);
  }
  return Object.fromEntries(members);
}
