/**
 * What agents say is data. For display the characters are taken out that would control a terminal, and those are
 * named that would turn the reading order of a line; the raw entry has them still.
 */
export function harmless(text: string): string {
  return text.replace(sequences, '').replace(controls, '').replace(turning, named);
}

/** Of what somebody decides about nothing is left out: whatever cannot be seen stands as a sign or by its name. */
export function exact(text: string): string {
  return text
    .replace(pictured, (unit) =>
      String.fromCharCode(unit === '\u007F' ? 0x2421 : 0x2400 + unit.charCodeAt(0)),
    )
    .replace(unseen, named);
}

// Strings (OSC, DCS, SOS, PM, APC) to their end or the end of the line; CSI; other escapes.
const sequences =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /(?:\u001B[\]PX^_]|[\u009D\u0090\u0098\u009E\u009F])[^\u0007\u001B\u009C\r\n]*(?:\u0007|\u001B\\?|\u009C)?|(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|\u001B[ -/]*[0-~]?/g;
const controls =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F]/g;
/** Embeddings, overrides and isolates. */
const turning = /[\u202A-\u202E\u2066-\u2069]/g;
const pictured =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u0008\u000B-\u001F\u007F]/g;
/** Marks of direction, characters without a width, tags, and spaces that look like none or like others. */
const unseen =
  /(?! )[\u0080-\u009F\p{Zs}\p{Zl}\p{Zp}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** JSON with the characters escaped that JSON leaves as they are and nobody sees. */
export function escapedJson(json: string): string {
  return json.replace(unseen, (unit) =>
    [...Array(unit.length).keys()]
      .map((at) => `\\u${unit.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** A name of something that is done, on one line and to the letter. */
export function exactLine(text: string, atMost = 300): string {
  const line = exact(
    text
      .slice(0, atMost * 4)
      .replace(/\s+/g, ' ')
      .trim(),
  );
  return line.length > atMost ? `${line.slice(0, atMost - 1)}…` : line;
}

function named(unit: string): string {
  return `‹U+${unit.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}›`;
}

/** A text on one line, for titles. */
export function oneLine(text: string, atMost = 160): string {
  const line = harmless(text.slice(0, atMost * 4))
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > atMost ? `${line.slice(0, atMost - 1)}…` : line;
}

/** An address that may be a link: a page or a mail, and nothing that runs. */
export function safeLink(address: string): string | null {
  const url = URL.parse(address.trim());
  return url !== null && ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
}
