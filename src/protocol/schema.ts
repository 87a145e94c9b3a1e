import { z } from 'zod';
import type { ContentBlock } from '../domain/content.ts';
import {
  type Entry,
  entryKinds,
  failureCategories,
  idPattern,
  runOutcomes,
} from '../domain/entry.ts';
import { limits } from '../domain/limits.ts';
import type { SessionRow } from '../domain/row.ts';
import { sessionStatuses } from '../domain/session-state.ts';

/** Schemas that operations share. Times are ISO 8601 UTC; ids are opaque. */

export const id = z
  .string()
  .regex(idPattern, 'an id is 1 to 64 letters, digits, - or _, and begins with a letter or digit');
/** A session by its id or its canonical key. */
export const sessionName = z
  .string()
  .min(1)
  .max(limits.keyBytes)
  .describe('id or key of a session');
/** By which whoever runs agents for others tells its customers apart. */
export const organization = z
  .string()
  .regex(/^[\x21-\x7e]{1,100}$/, 'an organisation is 1 to 100 printable characters without spaces');
export const time = z.iso.datetime();
export const kind = z.enum(entryKinds as [string, ...string[]]).describe('kind of an entry');
export const seq = z.int().min(0);
export const logFormat = z.enum(['turnkeep', 'pi']);

export const blobDigest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a digest is 64 hexadecimal digits, in lower case');
/** What blobs.put answered, or what an entry of the session names. */
const blob = z
  .object({ digest: blobDigest, size: z.int().min(0) })
  .describe('instead of the content itself: what blobs.put answered');

const textBlock = z
  .object({ type: z.literal('text'), text: z.string().optional(), blob: blob.optional() })
  .refine(({ text, blob: named }) => (text === undefined) !== (named === undefined), {
    message: 'give one of text and blob',
    path: ['text'],
  });

function mediaBlock<Type extends 'image' | 'audio'>(type: Type) {
  return z
    .object({
      type: z.literal(type),
      mimeType: z.string().max(100),
      data: z.base64().optional(),
      blob: blob.optional(),
    })
    .refine(({ data, blob: named }) => (data === undefined) !== (named === undefined), {
      message: 'give one of data and blob',
      path: ['data'],
    });
}

const linkBlock = z.object({
  type: z.literal('resource_link'),
  uri: z.string().max(4096),
  name: z.string().max(1024),
  mimeType: z.string().max(100).optional(),
});

/** A text that goes along, with where it is from; larger ones are a text block of their own. */
const resourceBlock = z.object({
  type: z.literal('resource'),
  resource: z.object({
    uri: z.string().min(1).max(4096),
    mimeType: z.string().max(100).optional(),
    text: z.string().max(limits.pieceChars),
  }),
});

/** A prompt: text, or content blocks in the shapes of the Agent Client Protocol. */
export const promptContent = z
  .union([
    z.string().min(1, 'the prompt is empty: give it some text'),
    z
      .array(
        z.discriminatedUnion('type', [
          textBlock,
          mediaBlock('image'),
          mediaBlock('audio'),
          linkBlock,
          resourceBlock,
        ]),
      )
      .min(1)
      .max(limits.contentBlocks),
  ])
  .describe('text, or content blocks (text, image, audio, resource_link, resource)');

export function contentBlocks(content: z.output<typeof promptContent>): readonly ContentBlock[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  // A text in a blob gets its preview when the blob is read.
  return content.map(
    (block) =>
      ('blob' in block && block.type === 'text' ? { ...block, text: '' } : block) as ContentBlock,
  );
}

/** An entry of the log. The data's shape follows from its kind. */
export const entry = z.looseObject({
  seq: z.int().min(1),
  id: z.string(),
  parentId: z.string().nullable().optional(),
  runId: z.string().optional(),
  at: z.string(),
  kind,
  by: z.looseObject({ type: z.enum(['client', 'agent', 'server']) }),
  parentCall: z.string().optional(),
  about: z.string().optional(),
  data: z.unknown(),
  digest: z.string(),
}) as unknown as z.ZodType<Entry, Entry>;

const failure = z.object({
  category: z.enum(failureCategories),
  message: z.string(),
  status: z.int().optional(),
});
export const outcome = z.enum(runOutcomes);

export const tokens = z.object({
  input: z.number(),
  output: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
  thought: z.number(),
});
export const money = z.object({
  amount: z.number(),
  currency: z.string(),
  estimate: z
    .literal(true)
    .optional()
    .describe('from the table of prices, not told by the agent; of a sum: a part of it was'),
});

export const row = z.object({
  id: z.string(),
  key: z.string().nullable(),
  agent: z.string(),
  cwd: z.string(),
  title: z.string().nullable(),
  label: z.string().nullable(),
  meta: z.record(z.string(), z.string()),
  model: z.string().nullable(),
  modelInForce: z.object({ provider: z.string().optional(), id: z.string() }).nullable(),
  mode: z.string().nullable(),
  effort: z.string().nullable(),
  status: z.enum(sessionStatuses),
  activeRun: z
    .object({ id: z.string(), state: z.string(), trigger: z.string(), startedAt: z.string() })
    .nullable(),
  lastRun: z
    .object({
      id: z.string(),
      outcome,
      startedAt: z.string(),
      endedAt: z.string(),
      durationMs: z.number(),
      error: failure.optional(),
    })
    .nullable(),
  openApprovals: z.int(),
  queued: z.int(),
  held: z.boolean(),
  nativeId: z.string().nullable(),
  writer: z
    .object({
      state: z.enum(['host', 'external', 'moving', 'moved']),
      epoch: z.int(),
      to: z.object({ server: z.string(), url: z.string() }).nullable(),
    })
    .describe('host: agents here; external: somebody appends; moving, moved: it is only read here'),
  originCwd: z.string().nullable().describe('where it worked, if it was written elsewhere'),
  parent: z.string().nullable(),
  forkedFrom: z
    .object({ session: z.string(), entry: z.string().nullable(), seq: z.int() })
    .nullable(),
  context: z.object({ used: z.number(), size: z.number(), known: z.boolean() }),
  usage: tokens,
  cost: money.nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
  lastActivityAt: z.string(),
  archived: z.boolean(),
  policy: z.object({
    autoAcceptEdits: z.boolean(),
    bypassUntil: z.string().nullable().describe('nothing is asked before this time'),
  }),
  deletedAt: z.string().nullable(),
  lastMessage: z.string().nullable(),
  head: z.string().nullable(),
  lastSeq: z.int(),
}) as unknown as z.ZodType<SessionRow, SessionRow>;

export const run = z.object({
  session: z.string(),
  id: z.string(),
  state: z.enum(['open', 'ended']),
  trigger: z.enum(['prompt', 'agent']),
  startedAt: z.string(),
  startedSeq: z.int(),
  endedAt: z.string().nullable(),
  endedSeq: z.int().nullable(),
  outcome: outcome.nullable(),
  stopReason: z.string().optional(),
  error: failure.optional(),
  usage: z.object({ tokens, cost: money.nullable() }).optional(),
  durationMs: z.number().optional(),
  turns: z.int().optional(),
  answer: z.object({ entry: z.string(), text: z.string() }).optional(),
  exitCode: z.int().optional(),
  signal: z.string().optional(),
});

export const proof = z.object({
  method: z.enum(['swept', 'sampled', 'rebooted', 'never-started']),
  ended: z.array(
    z.object({
      pid: z.int(),
      startTime: z.number(),
      name: z.string(),
      how: z.enum(['exited', 'terminated', 'killed']),
    }),
  ),
  gone: z.boolean(),
});

/** A prompt that waits. `content` is as its entry has it; null where it cannot be read. */
export const queueItem = z.object({
  prompt: z.string(),
  position: z.int().describe('from 1'),
  content: z.array(z.looseObject({ type: z.string() })).nullable(),
  edited: z.boolean(),
  timeoutMs: z.int().optional(),
});
