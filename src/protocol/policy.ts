import { z } from 'zod';
import { limits } from '../domain/limits.ts';

/** What clients give and get of policies; the words are those of docs/policy.md. */

export const toolKinds = [
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'other',
] as const;

export const rule = z.strictObject({
  effect: z.enum(['allow', 'ask', 'deny']),
  tool: z
    .string()
    .min(1)
    .max(limits.policyRuleChars)
    .optional()
    .describe("the tool's own name, exactly"),
  kind: z.enum(toolKinds).optional(),
  path: z
    .string()
    .min(1)
    .max(limits.policyRuleChars)
    .optional()
    .describe('a glob over real paths, absolute or from ./ on'),
  command: z
    .string()
    .min(1)
    .max(limits.policyRuleChars)
    .optional()
    .describe('words of a command: git log **'),
  expansions: z.literal(true).optional(),
  note: z.string().max(400).optional(),
});

export const rules = z.array(rule).max(limits.policyRules);

/** `policy` of create, patch and fork: what is named is changed, the rest stays. */
export const policyField = z
  .strictObject({
    rules: rules
      .optional()
      .describe('replaces those of the session; the first that matches decides'),
    autoAcceptEdits: z
      .boolean()
      .optional()
      .describe('edits inside the working directory need no answer'),
    bypassMs: z
      .int()
      .min(1000)
      .max(limits.bypassMs)
      .nullable()
      .optional()
      .describe('nothing is asked for so long; null ends it'),
    answerMs: z
      .int()
      .min(1000)
      .max(30 * 86_400_000)
      .nullable()
      .optional()
      .describe('a question that nobody answers for so long is denied; null: never'),
  })
  .optional()
  .describe('what the agent may do unasked');

export const ruling = z.object({
  effect: z.enum(['allow', 'ask', 'deny']),
  level: z.enum(['session', 'directory', 'global']).nullable(),
  rule: z.union([z.int(), z.enum(['edits', 'bypass', 'state', 'none'])]),
  directory: z.string().optional(),
  why: z.string(),
});

export const policyRow = z.object({
  directory: z.string().nullable().describe('null: they hold everywhere'),
  rules: z.array(rule),
  revision: z.int(),
  changedAt: z.string(),
  changedBy: z.string(),
});

export const sessionPolicy = z.object({
  rules: z.array(rule),
  autoAcceptEdits: z.boolean(),
  bypassUntil: z.string().nullable(),
  answerMs: z.number().nullable(),
});

/** What something wants to do. */
export const wanted = z.strictObject({
  tool: z.string().min(1).max(200).nullable().default(null),
  kind: z.enum(toolKinds).default('other'),
  command: z
    .string()
    .min(1)
    .max(64 * 1024)
    .nullable()
    .default(null),
  locations: z.array(z.string().min(1).max(4096)).max(100).default([]),
  cwd: z.string().min(1).max(4096).nullable().default(null).describe('for relative paths'),
});
