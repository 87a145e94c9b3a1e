import { createHash, randomUUID } from 'node:crypto';
import { canonicalJson, type Json } from '../domain/json.ts';

/**
 * Id of a question about one use of a tool: the same use asked about again is the same question. What is asked
 * is a part of it, so that a name that is used twice is not taken for the question before. Without a name
 * of the use each is a question of its own.
 */
export function questionId(use: string | undefined, asked: Json): string {
  if (use === undefined) return `mcp-${randomUUID()}`;
  const digest = createHash('sha256')
    .update(canonicalJson([use, asked]))
    .digest('hex');
  return `mcp-${digest.slice(0, 40)}`;
}
