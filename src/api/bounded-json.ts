import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';

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
 * Throws for JSON that is small as text and large as a value, and for the key that changes an
 * object's prototype when it is copied carelessly.
 */
export function checkBounds(value: unknown): void {
  const count = { keys: 0 };
  checkValue(value, 1, count);
}

function checkValue(value: unknown, depth: number, count: { keys: number }): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > limits.jsonDepth) {
    throw refuse('invalid', `JSON may be nested at most ${limits.jsonDepth} deep.`);
  }
  // A container counts like a key, or a million empty objects would be free.
  addKey(count);
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item, depth + 1, count);
    return;
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw refuse('invalid', 'A key may not be "__proto__".');
    addKey(count);
    checkValue((value as Record<string, unknown>)[key], depth + 1, count);
  }
}

function addKey(count: { keys: number }): void {
  count.keys += 1;
  if (count.keys > limits.jsonKeys) {
    throw refuse('invalid', `JSON may have at most ${limits.jsonKeys} keys and containers.`);
  }
}
