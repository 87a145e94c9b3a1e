import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { Program } from './child.ts';

/** A hook that is notified, by a program or a webhook. */
export type NotifyRule = { name: string; events: readonly ('approval' | 'session' | 'run')[] } & (
  | { command: Program }
  | { url: string; secret: string }
);

export interface CommitRule {
  /** Real path. */
  directory: string;
  command: Program;
  deadlineMs: number;
}

export interface HooksConfig {
  notify: readonly NotifyRule[];
  beforeCommit: readonly CommitRule[];
  /** Why nobody is notified, where the file names hooks that are to be. */
  problem: string | null;
}

const program = z
  .tuple([z.string().max(4096)], z.string().max(64 * 1024))
  .refine(([path]) => isAbsolute(path), 'begins with the absolute path of a program');
const named = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'is of small letters, digits and hyphens'),
  events: z.array(z.enum(['approval', 'session', 'run'])).min(1),
};
const address = z.url({ protocol: /^https?$/ }).max(2048);
const notifyRule = z.union([
  z.strictObject({ ...named, command: program }),
  z.strictObject({ ...named, url: address, secretFile: z.string().min(1).max(4096) }),
]);
const notifyRules = z
  .array(notifyRule)
  .max(16)
  .refine(
    (rules) => new Set(rules.map(({ name }) => name)).size === rules.length,
    'has a name twice',
  );
const commitRules = z
  .array(
    z.strictObject({
      directory: z.string().refine((path) => isAbsolute(path), 'is an absolute path'),
      command: program,
      deadlineMs: z.int().min(1).max(60_000),
    }),
  )
  .max(16);

/** No hooks at all, as without the file. */
export const noHooks: HooksConfig = { notify: [], beforeCommit: [], problem: null };

/**
 * Reads the file of the hooks. Where it cannot be told what it says of before-commit hooks it throws: nothing
 * is stored unseen. Where only the hooks that are notified are wrong, those are off, and `problem` says why.
 */
export async function readHooks(path: string): Promise<HooksConfig> {
  const text = await checkedText(path);
  if (text === null) return noHooks;
  const file = parsed(path, text);
  const beforeCommit = await readCommitRules(path, file['beforeCommit'] ?? []);
  try {
    const known = new Set(['notify', 'beforeCommit']);
    const other = Object.keys(file).find((name) => !known.has(name));
    if (other !== undefined) throw new Error(`${path}: ${other}: is no part of it`);
    const notify = await readNotifyRules(path, file['notify'] ?? []);
    return { notify, beforeCommit, problem: null };
  } catch (error) {
    return {
      notify: [],
      beforeCommit,
      problem: error instanceof Error ? error.message : 'unreadable',
    };
  }
}

async function checkedText(path: string): Promise<string | null> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (stat === null) return null;
  if (!stat.isFile() || stat.uid !== process.getuid?.()) {
    throw new Error(`${path} is no file of this user: remove it.`);
  }
  if ((stat.mode & 0o022) !== 0) throw new Error(`${path} can be written by others: chmod 600 it.`);
  return readFile(path, 'utf8');
}

function parsed(path: string, text: string): { readonly [name: string]: unknown } {
  try {
    const file: unknown = JSON.parse(text);
    if (typeof file === 'object' && file !== null && !Array.isArray(file)) return { ...file };
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new Error(`${path} holds no object.`);
}

async function readCommitRules(path: string, given: unknown): Promise<CommitRule[]> {
  const rules = checked(path, 'beforeCommit', commitRules.safeParse(given));
  return Promise.all(
    rules.map(async ({ directory, command, deadlineMs }, at) => {
      const real = await realpath(directory).catch((error: Error) => {
        throw new Error(`${path}: beforeCommit[${at}].directory: ${error.message}`);
      });
      return { directory: real, command: command as Program, deadlineMs };
    }),
  );
}

async function readNotifyRules(path: string, given: unknown): Promise<NotifyRule[]> {
  const rules = checked(path, 'notify', notifyRules.safeParse(given));
  return Promise.all(
    rules.map(async (rule, at): Promise<NotifyRule> => {
      const { name, events } = rule;
      if ('command' in rule) return { name, events, command: rule.command as Program };
      const file = resolve(dirname(path), rule.secretFile);
      const secret = await secretIn(file).catch((error: Error) => {
        throw new Error(`${path}: notify[${at}].secretFile: ${error.message}`);
      });
      return { name, events, url: rule.url, secret };
    }),
  );
}

/** The secret never stands in the file of the hooks, nor in the environment. */
async function secretIn(path: string): Promise<string> {
  const stat = await lstat(path);
  if (!stat.isFile()) throw new Error('is no file');
  if ((stat.mode & 0o077) !== 0) throw new Error('can be read by others: chmod 600 it');
  const secret = (await readFile(path, 'utf8')).trim();
  if (secret.length < 16 || secret.length > 4096) throw new Error('holds 16 to 4096 characters');
  return secret;
}

function checked<Value>(path: string, part: string, read: z.ZodSafeParseResult<Value>): Value {
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = (issue?.path ?? []).map((step) =>
    typeof step === 'number' ? `[${step}]` : `.${String(step)}`,
  );
  throw new Error(`${path}: ${part}${where.join('')}: ${issue?.message ?? 'is wrong'}`);
}
