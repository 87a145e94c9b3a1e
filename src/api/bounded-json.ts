import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';

/**
 * Throws for text that is small as text and large as a value. It is looked at before it is parsed: a
 * million brackets take a parser longer than any request may hold up the others.
 */
export function checkBounds(text: string): void {
  /** Of each container that is open: whether it is an array. */
  const open: boolean[] = [];
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case openBracket:
      case openBrace:
        open.push(text.charCodeAt(at) === openBracket);
        if (open.length > limits.jsonDepth) throw tooDeep();
        // A container counts like a key, or a million empty objects would be free.
        count += 1;
        break;
      case closeBracket:
      case closeBrace:
        open.pop();
        break;
      case colon:
        count += 1;
        break;
      case comma:
        if (open.at(-1) === true) count += 1;
        break;
    }
    if (count > limits.jsonKeys) throw tooMany();
  }
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const colon = 0x3a;
const comma = 0x2c;

/** Where the string that begins at `from` ends; the end of the text where it does not. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    if (code === backslash) at += 1;
  }
  return text.length;
}

function tooDeep(): Error {
  return refuse('invalid', `JSON may be nested at most ${limits.jsonDepth} deep.`);
}

function tooMany(): Error {
  return refuse('invalid', `JSON may have at most ${limits.jsonKeys} keys, items and containers.`);
}

/**
 * Throws `invalid` for what is no JSON. The message does not repeat the text: it may hold a secret.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refuse('invalid', 'This is no JSON text.');
  }
}

/**
 * Throws for the key that changes an object's prototype when it is copied carelessly, and for a
 * number that JSON could not write again.
 */
export function checkValues(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw refuse('invalid', 'A number is too large.');
  }
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__')) throw refuse('invalid', 'A key may not be "__proto__".');
  for (const item of Object.values(value)) checkValues(item);
}
