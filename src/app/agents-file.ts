import { lstat, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { AcpQuirks } from '../agents/acp/quirks.ts';
import type { CustomAgent } from '../agents/agents.ts';
import { refuse } from '../domain/refusal.ts';

const mostBytes = 256 * 1024;

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is the name of a variable');
const argument = z.string().max(4096);
const pattern = z
  .string()
  .max(500)
  .refine((text) => isPattern(text), 'is a regular expression');

const agent = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'is of small letters, digits and hyphens'),
  title: z.string().min(1).max(80).optional(),
  command: z.string().min(1).max(4096),
  args: z.array(argument).max(64).optional(),
  /** Names only: their values are those that the daemon has. */
  env: z.array(variable).max(64).optional(),
  install: z.string().min(1).max(200).optional(),
  quirks: z
    .strictObject({
      replayUntil: z.literal('available_commands_update').optional(),
      tokens: z.enum(['turn', 'session', 'request']).optional(),
      cost: z.enum(['turn', 'session']).optional(),
      failureText: pattern.optional(),
    })
    .optional(),
});

const file = z.strictObject({
  agents: z
    .array(agent)
    .max(32)
    .refine(
      (agents) => new Set(agents.map(({ name }) => name)).size === agents.length,
      'has a name twice',
    ),
});

/**
 * The agents that the operator has configured; none without the file. It names programs that are run, so it
 * must be this user's alone, and a mistake in it is an error: who asked for an agent is not given another.
 * `known`: names that are taken. `own`: the environment whose variables are passed on.
 */
export async function readAgentsFile(
  path: string,
  { known, own }: { known: readonly string[]; own: NodeJS.ProcessEnv },
): Promise<readonly CustomAgent[]> {
  const text = await checkedText(path);
  if (text === null) return [];
  const checked = file.safeParse(parsed(path, text));
  if (!checked.success) {
    const { path: where, message } = checked.error.issues[0]!;
    const name = where.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
    throw refuse('invalid', `${path}: ${name.join('').replace(/^\./, '')}: ${message}.`);
  }
  return checked.data.agents.map(({ env = [], args = [], title, install, quirks, ...rest }) => {
    if (known.includes(rest.name)) {
      throw refuse('invalid', `${path}: ${rest.name} is an agent already: choose another name.`);
    }
    return {
      ...rest,
      args,
      env: valuesOf(env, own),
      ...(title === undefined ? {} : { title }),
      ...(install === undefined ? {} : { install }),
      quirks: quirksOf(quirks),
    };
  });
}

function quirksOf(given: z.infer<typeof agent>['quirks'] = {}): AcpQuirks {
  const { replayUntil, tokens, cost, failureText } = given;
  return {
    ...(replayUntil === undefined ? {} : { replayUntil }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(cost === undefined ? {} : { cost }),
    ...(failureText === undefined ? {} : { failureText: new RegExp(failureText) }),
  };
}

/** A variable that the daemon has not is not there for the agent either. */
function valuesOf(names: readonly string[], own: NodeJS.ProcessEnv): { [name: string]: string } {
  const values: { [name: string]: string } = {};
  for (const name of names) {
    const value = own[name];
    if (value !== undefined) values[name] = value;
  }
  return values;
}

async function checkedText(path: string): Promise<string | null> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (stat === null) return null;
  if (!stat.isFile() || stat.uid !== process.getuid?.()) {
    throw refuse('invalid', `${path} is no file of this user: remove it.`);
  }
  if ((stat.mode & 0o022) !== 0)
    throw refuse('invalid', `${path} can be written by others: chmod 600 it.`);
  if (stat.size > mostBytes)
    throw refuse('invalid', `${path} is larger than ${mostBytes / 1024} KiB.`);
  return readFile(path, 'utf8');
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refuse('invalid', `${path} is no JSON: ${(error as Error).message}`);
  }
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text).source !== '';
  } catch {
    return false;
  }
}
