import path from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { RefusalError, refuse } from '../../domain/refusal.ts';
import type { SessionRow } from '../../domain/row.ts';
import { operations } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { oneLine } from '../clean.ts';
import { confirm } from '../confirm.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';
import { memoryText } from '../render/memory.ts';
import { addSettings, type SettingsOptions, settingsOf } from '../settings.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';
import {
  addRestoreOptions,
  restoreFiles,
  type RestoreOptions,
  restoresFiles,
} from './snapshots.ts';

interface JsonOptions extends Common {
  json?: boolean;
}
interface ResetOptions extends JsonOptions {
  new?: boolean;
}
interface RemoveOptions extends JsonOptions {
  purge?: boolean;
  yes?: boolean;
}
interface CompactOptions extends JsonOptions {
  keep?: string;
  summary?: string;
}
interface ForkOptions extends JsonOptions, SettingsOptions {
  at?: string;
  agent?: string;
  cwd?: string;
}

export function addLife(program: Command, act: Act): void {
  program
    .command('reset')
    .description(operations['sessions.reset'].summary)
    .argument('<session>', sessionText)
    .option('--new', 'say that it is a new conversation, and not that the old one is given up')
    .option('--json', 'print JSON')
    .action(act(reset));
  program
    .command('compact')
    .description(operations['sessions.compact'].summary)
    .argument('<session>', sessionText)
    .option('--keep <count>', 'entries that the agent still gets (default: 400)')
    .option('--summary <text>', 'what it is told of those before')
    .option('--json', 'print JSON')
    .action(act(compact));
  const fork = program
    .command('fork')
    .description(operations['sessions.fork'].summary)
    .argument('<session>', sessionText)
    .argument('[prompt]', 'how it goes on')
    .option('--at <entry>', 'id or seq of the last entry that it has (default: the last of all)')
    .option('--agent <name>', 'another agent')
    .option('--cwd <dir>', 'another directory');
  addSettings(fork)
    .option('--json', 'print the whole answer as JSON, not only the id')
    .action(act(forkSession));
  program
    .command('rm')
    .description(
      'Stop and delete sessions. They can be restored for a time, unless they are purged.',
    )
    .argument('<sessions...>', `${sessionText}; a deleted one by its id`)
    .option('--purge', 'remove them for good, now')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON, one line for each')
    .action(act(remove));
  const restoring = program
    .command('restore')
    .description('Bring a deleted session back; with --run or --snapshot, files as they were.')
    .argument('<session>', 'id or its unique beginning, key or title of a deleted session');
  addRestoreOptions(restoring).option('--json', 'print JSON').action(act(restore));
}

function reset(io: Io, options: ResetOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const reason = options.new === true ? 'new' : 'reset';
    const value = await client.sessions.reset({ session: id, reason });
    answer(io, options, { value, lines: [`${id} begins a new conversation; its log stays.`] });
    return 0;
  });
}

function compact(io: Io, options: CompactOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const keep = options.keep === undefined ? undefined : wholeNumber(options.keep, '--keep');
    const input = { session: id, ...given({ keep, summary: options.summary }) };
    const value = await client.sessions.compact(input);
    const line = value.compacted
      ? `compacted: the agent goes on with ${value.kept} entries`
      : `nothing to do: it has only ${value.kept} entries`;
    answer(io, options, { value, lines: [line] });
    return 0;
  });
}

function forkSession(
  io: Io,
  options: ForkOptions,
  name: string,
  prompt: string | undefined,
): Promise<number> {
  const settings = settingsOf(io, options);
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const at = options.at === undefined ? undefined : await entryNamed(client, id, options.at);
    const cwd = options.cwd === undefined ? undefined : path.resolve(io.cwd, options.cwd);
    const value = await client.sessions.fork({
      session: id,
      ...settings,
      ...given({ at, cwd, agent: options.agent, prompt }),
    });
    answer(io, options, { value, lines: [value.session.id] });
    if (options.json !== true) io.err(`${memoryText[value.fidelity]}\n`);
    return 0;
  });
}

/** The id of an entry that a person names by its id or by its seq, as `show` and `raw` print it. */
async function entryNamed(client: Client, session: string, named: string): Promise<string> {
  if (!/^#?\d{1,15}$/.test(named)) return named;
  const seq = Number(named.replace('#', ''));
  if (seq === 0) throw refuse('invalid', 'Entries are counted from 1.');
  const { entries } = await client.sessions.history({ session, after: seq - 1, limit: 1 });
  if (entries[0]?.seq !== seq) throw refuse('not_found', `The session has no entry ${seq}.`);
  return entries[0].id;
}

function remove(io: Io, options: RemoveOptions, names: string[]): Promise<number> {
  return withClient(io, options, async (client) => {
    const sessions: SessionRow[] = [];
    for (const name of names) sessions.push(await findAny(client, name));
    if (options.purge === true) {
      const titles = sessions.map(({ id, title }) => `${id} ${oneLine(title ?? '', 40)}`.trim());
      const what = `This removes for good, log and all: ${titles.join(', ')}.`;
      if (!(await confirm(io, options, what))) return 1;
    }
    for (const { id } of sessions) {
      const purge = options.purge === true;
      const value = await client.sessions.delete({ session: id, purge });
      const until =
        value.purgeAt === null ? '' : `; \`turnkeep restore ${id}\` until ${value.purgeAt}`;
      const lines = [value.purged ? `${id} removed for good` : `${id} deleted${until}`];
      answer(io, options, { value, lines });
    }
    return 0;
  });
}

function restore(
  io: Io,
  options: RestoreOptions,
  name: string,
  paths: readonly string[],
): Promise<number> {
  if (restoresFiles(options)) return restoreFiles(io, options, { name, paths });
  if (paths.length > 0) throw refuse('invalid', 'Say of which --run or --snapshot the files are.');
  return withClient(io, options, async (client) => {
    const { id, key } = await findDeleted(client, name).catch((error: unknown) =>
      isThere(client, name, error),
    );
    const value = await client.sessions.restore({ session: id });
    const lost = key !== null && value.session.key === null;
    answer(io, options, { value, lines: [`${id} restored`] });
    if (lost) io.err(`Another session has the key ${oneLine(key)} by now.\n`);
    return 0;
  });
}

/** Of a session that was not deleted only files can be put back: says so. */
async function isThere(client: Client, name: string, error: unknown): Promise<never> {
  if (!(error instanceof RefusalError) || error.refusal.code !== 'not_found') throw error;
  await findSession(client, name).catch(() => {
    throw error;
  });
  throw refuse('invalid', `${name} is not deleted. To put files back, give --run or --snapshot.`);
}

/** A session, also a deleted one. */
async function findAny(client: Client, name: string): Promise<SessionRow> {
  try {
    return await findSession(client, name);
  } catch (error) {
    if (!(error instanceof RefusalError) || error.refusal.code !== 'not_found') throw error;
    return findDeleted(client, name).catch((other: unknown) => {
      // What was asked for was a session of any kind.
      if (other instanceof RefusalError && other.refusal.code === 'not_found') throw error;
      throw other;
    });
  }
}

async function findDeleted(client: Client, name: string): Promise<SessionRow> {
  const rows = await deletedSessions(client);
  const exact = rows.filter(({ id }) => id === name);
  const meant = rows.filter(
    ({ id, key, title }) => id.startsWith(name) || key === name || title === name,
  );
  const [found, ...others] = exact.length === 1 ? exact : meant;
  if (found === undefined) {
    throw refuse(
      'not_found',
      `No deleted session is named ${name}; \`turnkeep ls --deleted\` lists them.`,
    );
  }
  if (others.length === 0) return found;
  const candidates = meant.map(({ id, key, title }) => ({ id, key, title }));
  throw refuse('conflict', `${meant.length} deleted sessions have this name: use an id.`, {
    data: { candidates },
  });
}

async function deletedSessions(client: Client): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  let cursor: string | null = null;
  do {
    const more: { cursor?: string } = cursor === null ? {} : { cursor };
    const page: { sessions: SessionRow[]; next: string | null } = await client.sessions.list({
      deleted: true,
      limit: 200,
      ...more,
    });
    rows.push(...page.sessions);
    cursor = page.next;
  } while (cursor !== null);
  return rows;
}
