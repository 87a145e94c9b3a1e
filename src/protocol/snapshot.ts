import { z } from 'zod';
import type { FileSide } from '../domain/snapshot.ts';

/** Shapes that the operations about files before and after tool calls share. */

export const filePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0'), 'a path has no NUL')
  .describe('absolute, or from the directory of the session');

const blob = z.object({ digest: z.string(), size: z.int() });
export const fileSide = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('file'),
    blob,
    binary: z.literal(true).optional(),
    mode: z.int().optional(),
    partial: z.literal(true).optional(),
  }),
  z.object({ state: z.literal('absent') }),
  z.object({ state: z.literal('link'), target: z.string() }),
  z.object({
    state: z.literal('unread'),
    reason: z.enum(['large', 'outside', 'unreadable', 'directory', 'unknown']),
  }),
]) as unknown as z.ZodType<FileSide, FileSide>;

export const fileChange = z.enum(['read', 'created', 'edited', 'deleted', 'unchanged', 'unknown']);
export const beforeFrom = z
  .enum(['asked', 'reported', 'chained', 'disk', 'unknown'])
  .describe('how it is known what was there before');
