import { isObject, type Json } from '../../domain/json.ts';
import { refuse } from '../../domain/refusal.ts';

/** An entry on its way to a log. */
export interface Line {
  /** The very text that is stored. */
  readonly text: string;
  /** Its name, by which the log knows it again and which becomes the head; null where it has none. */
  readonly uuid: string | null;
  /** Of the agent's memory, where that has several; only Turnkeep knows such. Empty for the main one. */
  readonly file: string;
}

/** What may stand in a header and is no header of its own. */
const nameable = /^[\x21-\x7e]{1,256}$/;

/** Takes an object, or the text of one, which stays as it is. */
export function lineOf(entry: object | string, file = ''): Line {
  const text = typeof entry === 'string' ? entry : JSON.stringify(entry);
  const value: unknown = typeof entry === 'string' ? parsed(entry) : entry;
  // Some objects are written as something else, such as dates.
  if (!isObject(value) || !text.trimStart().startsWith('{')) {
    throw refuse('invalid', 'An entry is a JSON object.', { field: 'entry' });
  }
  if (!text.isWellFormed()) {
    const message = 'The text of an entry has half a character in it: escape it.';
    throw refuse('invalid', message, { field: 'entry' });
  }
  const { uuid = null } = value;
  if (uuid === null) return { text, uuid, file };
  if (typeof uuid !== 'string' || !nameable.test(uuid)) {
    const message = 'A uuid is 1 to 256 printable ASCII characters without spaces.';
    throw refuse('invalid', message, { field: 'uuid' });
  }
  return { text, uuid, file };
}

/** The name of what a server sent, where it has one; null for all else. */
export function uuidOf(value: Json): string | null {
  const uuid = isObject(value) ? value['uuid'] : null;
  return typeof uuid === 'string' && nameable.test(uuid) ? uuid : null;
}

/** A head as a header tells it: an empty one says that the log has none; undefined where nothing is told. */
export function headOf(header: string | null): string | null | undefined {
  if (header === '') return null;
  return header !== null && nameable.test(header) ? header : undefined;
}

/** Whether it can stand in one line among others. */
export function isOneLine({ text }: Line): boolean {
  return !/[\n\r]/.test(text);
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw refuse('invalid', 'The text of an entry is no JSON.', { field: 'entry' });
  }
}
