import { z } from 'zod';
import {
  type Entry,
  type EntryKind,
  entryKinds,
  failureCategories,
  idPattern,
  runOutcomes,
} from '../domain/entry.ts';

/**
 * What an entry of a file must be so that it can be folded and shown: the members that the domain reads,
 * with their types. Others are kept as they are.
 */

const text = z.string();
const count = z.number();
/** Of what is added up: nothing is taken back, and no sum leaves the numbers. */
const used = z.number().min(0).max(1e15);
const blob = z.looseObject({ digest: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) });
const block = z
  .looseObject({ type: text, text: text.optional(), blob: blob.optional() })
  .refine((one) => one.type !== 'text' || one.text !== undefined, 'a text block has a text');
const content = z.array(block);
const tokens = z.looseObject({
  input: used,
  output: used,
  cacheRead: used,
  cacheWrite: used,
  thought: used,
});
const money = z.looseObject({
  amount: used,
  currency: text,
  estimate: z.literal(true).optional(),
});
const crossing = z.looseObject({
  of: text,
  what: z.enum(['cost', 'tokens', 'runs', 'wallMs']),
  limit: count,
  level: count,
  day: text.optional(),
});
const failure = z.looseObject({
  category: z.enum(failureCategories),
  message: text,
  status: count.optional(),
});
const said = z.looseObject({ content, incomplete: z.literal(true).optional() });
const toolCall = z.looseObject({
  call: text,
  title: text,
  kind: text,
  status: z.enum(['pending', 'in_progress', 'completed', 'failed', 'cancelled']),
  name: text.optional(),
  content: z.array(z.looseObject({ type: text })).optional(),
  locations: z.array(z.looseObject({ path: text })).optional(),
});
const proof = z.looseObject({ method: text, ended: z.array(z.looseObject({})), gone: z.boolean() });
const fileSide = z.looseObject({
  state: z.enum(['file', 'absent', 'link', 'unread']),
  blob: blob.optional(),
});
const names = z.array(text);
const nullableText = text.nullable().optional();
const rule = z.looseObject({
  effect: z.enum(['allow', 'ask', 'deny']),
  tool: text.optional(),
  kind: text.optional(),
  path: text.optional(),
  command: text.optional(),
});
const ruling = z.looseObject({
  effect: z.enum(['allow', 'ask', 'deny']),
  level: text.nullable(),
  rule: z.union([count, text]),
  why: text,
});
const changes = z.looseObject({
  key: nullableText,
  agent: text.optional(),
  cwd: text.optional(),
  title: nullableText,
  label: nullableText,
  meta: z.record(z.string(), z.string()).optional(),
  model: nullableText,
  mode: nullableText,
  effort: nullableText,
  instructions: z
    .looseObject({ replace: text.optional(), append: text.optional() })
    .nullable()
    .optional(),
  tools: z.looseObject({ allow: names.optional(), deny: names.optional() }).nullable().optional(),
  maxTurns: count.nullable().optional(),
  mcpServers: z.array(z.looseObject({ type: text, name: text })).optional(),
  env: names.optional(),
  additionalDirs: names.optional(),
  draft: z.boolean().optional(),
  archived: z.boolean().optional(),
  parent: nullableText,
  onLost: z.enum(['stop', 'continue']).optional(),
  policy: z
    .looseObject({
      rules: z.array(rule),
      autoAcceptEdits: z.boolean(),
      bypassUntil: text.nullable(),
      answerMs: count.nullable(),
    })
    .optional(),
  budget: z
    .looseObject({
      limits: z.looseObject({
        cost: money.optional(),
        tokens: count.optional(),
        runs: count.optional(),
        wallMs: count.optional(),
      }),
      action: z.enum(['warn', 'ask', 'stop']),
    })
    .nullable()
    .optional(),
  modelInForce: z.looseObject({ provider: text.optional(), id: text }).optional(),
  context: z.looseObject({ used: count, size: count, known: z.boolean() }).optional(),
});

const dataByKind: { readonly [Kind in EntryKind]: z.ZodType } = {
  prompt: z.looseObject({
    content,
    delivery: z.enum(['queue', 'steer', 'interrupt']),
    timeoutMs: count.optional(),
    continues: text.optional(),
  }),
  delivery: z.looseObject({ content }),
  message: said,
  thought: said,
  tool_call: toolCall,
  plan: z.looseObject({
    items: z.array(z.looseObject({ content: text, status: text, priority: text })),
  }),
  approval: z.looseObject({
    request: z.unknown(),
    title: text,
    toolCall: toolCall.optional(),
    options: z.array(z.looseObject({ id: text, name: text, kind: text })),
    wants: z
      .looseObject({ kind: text, command: text.nullable(), locations: names, cwd: text.nullable() })
      .optional(),
    ruling: ruling.optional(),
    outside: z.literal(true).optional(),
    budget: crossing.optional(),
  }),
  decision: z.looseObject({
    outcome: z.enum(['allowed', 'denied', 'withdrawn']),
    option: text.optional(),
    ruling: ruling.optional(),
    remembered: z
      .looseObject({ level: z.enum(['session', 'directory']), rules: z.array(rule) })
      .optional(),
  }),
  question: z.looseObject({
    request: z.unknown(),
    message: text,
    outside: z.literal(true).optional(),
  }),
  answer: z.looseObject({ outcome: z.enum(['answered', 'declined', 'withdrawn']) }),
  run_started: z.looseObject({ trigger: z.enum(['prompt', 'agent']), prompts: names }),
  abort: z.looseObject({
    force: z.boolean(),
    reason: z.enum(['asked', 'timeout', 'interrupt', 'stop', 'budget']),
    queue: z.enum(['keep', 'withdraw']),
  }),
  run_ended: z.looseObject({
    outcome: z.enum(runOutcomes),
    usage: z.looseObject({ tokens, cost: money.nullable() }),
    durationMs: count,
    turns: count,
    error: failure.optional(),
    answer: z.looseObject({ entry: text, text }).optional(),
    proof: proof.optional(),
    mark: text.optional(),
  }),
  usage: z.looseObject({
    key: text,
    tokens,
    cost: money.optional(),
    pending: money.optional(),
  }),
  queue: z.looseObject({
    change: z.enum([
      'withdrawn',
      'indeterminate',
      'requeued',
      'held',
      'released',
      'edited',
      'moved',
    ]),
    content: content.optional(),
    to: count.optional(),
  }),
  settings: z.looseObject({
    from: z.enum(['client', 'agent', 'server']),
    changes,
    live: names.optional(),
  }),
  host: z.looseObject({
    host: text,
    state: z.enum(['launched', 'opened', 'ending', 'ended']),
    nativeId: text.optional(),
    error: failure.optional(),
    proof: proof.optional(),
  }),
  reset: z.looseObject({ reason: z.enum(['new', 'reset']) }),
  compaction: z.looseObject({
    keep: text.nullable(),
    keepSeq: z.int().min(0),
    summary: text.optional(),
    primer: blob.optional(),
  }),
  fork: z.looseObject({
    session: text,
    entry: text.nullable(),
    seq: z.int().min(0),
    fidelity: text,
    nativeId: text.optional(),
    nativeMark: text.optional(),
    primer: blob.optional(),
  }),
  deletion: z.looseObject({
    state: z.enum(['deleted', 'restored']),
    purgeAt: text.optional(),
  }),
  snapshot: z.looseObject({
    path: text,
    change: text,
    before: fileSide,
    beforeFrom: text,
    after: fileSide.optional(),
  }),
  restore: z.union([
    z.looseObject({
      state: z.literal('begun'),
      files: z.array(z.looseObject({ path: text, snapshot: text, from: fileSide, to: fileSide })),
    }),
    z.looseObject({
      state: z.literal('ended'),
      files: z.array(z.looseObject({ path: text, outcome: text })),
    }),
  ]),
  owner: z.looseObject({
    state: z.enum(['host', 'external', 'moving', 'moved']),
    epoch: count,
    to: z.looseObject({ server: text, url: text }).optional(),
    memory: text.optional(),
    nativeId: text.optional(),
    primer: blob.optional(),
  }),
  native: z.looseObject({
    format: text,
    session: text,
    file: text,
    line: text,
    blob: blob.optional(),
  }),
  stall: z.looseObject({ state: z.enum(['silent', 'heard']), silentMs: count }),
  notice: z.looseObject({
    code: text,
    text,
    budget: z.array(crossing.extend({ state: z.enum(['told', 'allowed', 'denied']) })).optional(),
  }),
  external: z.looseObject({ type: text.optional(), raw: z.unknown() }),
  unrecognized: z.looseObject({ reason: text, raw: text, count }),
};

const by = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('client'), token: text }),
  z.looseObject({ type: z.literal('agent'), host: text }),
  z.looseObject({ type: z.literal('server') }),
]);

const id = z.string().regex(idPattern);
const base = z.looseObject({
  seq: z.int().min(1),
  id,
  kind: z.enum(entryKinds as [EntryKind, ...EntryKind[]]),
  at: z.iso.datetime(),
  by,
  parentId: id.nullable().optional(),
  runId: id.optional(),
  parentCall: text.optional(),
  about: text.optional(),
  data: z.unknown(),
  digest: text,
});

/** The value as an entry; a text that says what is wrong otherwise. */
export function entryIn(value: unknown): Entry | string {
  const known = base.safeParse(value);
  if (!known.success) return reasonOf(known.error);
  const data = dataByKind[known.data.kind].safeParse(known.data.data);
  return data.success ? (value as Entry) : `data.${reasonOf(data.error)}`;
}

function reasonOf({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue === undefined ? 'unknown' : `${issue.path.map(String).join('.')}: ${issue.message}`;
}
