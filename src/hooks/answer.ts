import { z } from 'zod';
import type { Json } from '../domain/json.ts';
import type { CommitVerdict } from '../ports/hooks.ts';

const answer = z.discriminatedUnion('action', [
  z.object({ id: z.string(), action: z.literal('keep') }),
  z.object({
    id: z.string(),
    action: z.literal('redact'),
    data: z.json(),
    reason: z.string().optional(),
  }),
  z.object({ id: z.string(), action: z.literal('withhold'), reason: z.string().optional() }),
]);

/** What a line of a before-commit hook says about the entry that it was asked about; null for nothing of the kind. */
export function verdictIn(line: string, id: string): CommitVerdict | null {
  const read = answer.safeParse(parsed(line));
  if (!read.success || read.data.id !== id) return null;
  const { data } = read;
  const reason = 'reason' in data && data.reason !== undefined ? { reason: data.reason } : {};
  switch (data.action) {
    case 'keep':
      return { action: 'keep' };
    case 'redact':
      return { action: 'redact', data: data.data as Json, ...reason };
    case 'withhold':
      return { action: 'withhold', ...reason };
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // No JSON is no answer.
    return undefined;
  }
}
