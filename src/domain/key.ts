import { limits } from './limits.ts';
import { refuse } from './refusal.ts';

const keyForm = /^agent:([a-z0-9][a-z0-9-]{0,63}):(.+)$/;

/**
 * The one spelling of a key, `agent:<agent>:<name>`: trimmed, the agent part in lower case. Refuses what
 * is no key.
 */
export function canonicalKey(given: string): { key: string; agent: string } {
  const [prefix, agent, ...rest] = given.trim().split(':');
  const key = [prefix?.toLowerCase(), agent?.toLowerCase(), rest.join(':').trim()].join(':');
  const match = keyForm.exec(key);
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  const clean = !/[\u0000-\u001f\u007f]/.test(key);
  if (match === null || !clean || new TextEncoder().encode(key).length > limits.keyBytes) {
    throw refuse('invalid', 'A key has the form agent:<agent>:<name>.', { field: 'key' });
  }
  return { key, agent: match[1]! };
}
