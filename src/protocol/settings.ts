import { z } from 'zod';
import { limits } from '../domain/limits.ts';
import { budget } from './budget.ts';
import { policyField } from './policy.ts';

/** Fields by which clients set what an agent works with; the same in create, patch and fork. */

const nullable = <T extends z.ZodType>(schema: T) => schema.nullable().optional();
const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'a name of a variable: letters, digits and _');
const values = z
  .record(variable, z.string().max(32 * 1024))
  .refine((given) => Object.keys(given).length <= 100, 'at most 100 variables');
const toolNames = z.array(z.string().min(1).max(200)).max(200);
const instruction = z
  .string()
  .min(1)
  .max(32 * 1024);

const mcpName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'letters, digits, - or _');
const httpUrl = z.url({ protocol: /^https?$/ }).max(4096);
export const mcpServer = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('stdio'),
    name: mcpName,
    command: z.string().min(1).max(4096),
    args: z.array(z.string().max(4096)).max(100).default([]),
    env: values.default({}),
  }),
  z.strictObject({
    type: z.enum(['http', 'sse']),
    name: mcpName,
    url: httpUrl,
    headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), z.string().max(8192)).default({}),
  }),
]);

/** Settings that the agent has to honour; `unsupported` where it cannot. Null takes one back. */
export const agentFields = {
  model: nullable(z.string().min(1).max(200)),
  mode: nullable(z.string().min(1).max(200)),
  effort: nullable(z.string().min(1).max(100)),
  instructions: nullable(
    z.strictObject({ replace: instruction.optional(), append: instruction.optional() }),
  ).describe("replace takes the place of the agent's own, append comes after them"),
  tools: nullable(
    z.strictObject({ allow: toolNames.optional(), deny: toolNames.optional() }),
  ).describe('tools by the names of the agent; what is denied is withheld from it'),
  maxTurns: nullable(z.int().min(1).max(10_000)).describe('of the model in one run'),
  mcpServers: z.array(mcpServer).max(32).optional().describe('replaces those that are set'),
  env: values.optional().describe('variables of the agent; replaces those that are set'),
  additionalDirs: z
    .array(z.string().min(1).max(4096))
    .max(32)
    .optional()
    .describe('absolute paths of directories beside the working directory'),
};

/** Settings that are only ours. */
export const ownFields = {
  title: nullable(z.string().min(1).max(limits.titleBytes)),
  label: nullable(z.string().min(1).max(200)),
  onLost: z
    .enum(['stop', 'continue'])
    .optional()
    .describe('whether a run that was lost with the machine goes on by itself; default: stop'),
  policy: policyField,
  budget: nullable(budget).describe(
    'what it and all that descend from it may use; a fork has it anew, null takes it away',
  ),
};

/** What reaches beyond the session's directory is for the operator to allow; what is asked about, for who decides. */
export const guardedFields = {
  policy: 'approve',
  budget: 'approve',
  mcpServers: 'admin',
  env: 'admin',
  additionalDirs: 'admin',
} as const;
