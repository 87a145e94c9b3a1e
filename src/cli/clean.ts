/**
 * What agents and sessions say is data. Before it reaches a terminal everything is removed that could
 * move its cursor, change its title, write its clipboard or turn the reading order of a line: escape
 * sequences whole, and then all control characters but newline and tab.
 *
 * Made so that the clean text of a beginning is a beginning of the clean text: a stream can be cut anywhere.
 */
export function clean(text: string): string {
  return text.replace(sequences, '').replace(returns, '\n').replace(controls, '');
}

// Strings (OSC, DCS, SOS, PM, APC) to their end or the end of the line; CSI; other escapes.
const sequences =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /(?:\u001B[\]PX^_]|[\u009D\u0090\u0098\u009E\u009F])[^\u0007\u001B\u009C\r\n]*(?:\u0007|\u001B\\?|\u009C)?|(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|\u001B[ -/]*[0-~]?/g;
const returns = /\r\n?|[\u2028\u2029]/g;
const controls =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;

/** The same value with every text in it clean, names of members too. */
export function cleanAll<Value>(value: Value): Value {
  return cleanValue(value) as Value;
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map(cleanValue);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [clean(name), cleanValue(member)]);
  return Object.fromEntries(members);
}

/** A text on one line, for titles and commands in cards. */
export function oneLine(text: string, atMost = 120): string {
  const line = clean(text).replace(/\s+/g, ' ').trim();
  return line.length > atMost ? `${line.slice(0, atMost - 1)}…` : line;
}

/** JSON that is safe to print: what JSON leaves as it is although terminals act on it is escaped. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
