import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import type { Entry } from '../../domain/entry.ts';
import { refuse } from '../../domain/refusal.ts';
import { operations } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { followSession } from '../follow.ts';
import { type Io, lookOf } from '../io.ts';
import { renderEntry } from '../render/entry.ts';
import { renderRows } from '../render/rows.ts';

interface ListOptions extends Common {
  all?: boolean;
  agent?: string;
  limit?: string;
  json?: boolean;
}
interface ShowOptions extends Common {
  after?: string;
  tail?: string;
  json?: boolean;
}
interface AttachOptions extends ShowOptions {
  partials?: boolean;
}

export function addSessionCommands(program: Command, act: Act): void {
  program
    .command('ls')
    .description(operations['sessions.list'].summary)
    .option('--all', 'archived ones too')
    .option('--agent <name>', 'only of this agent')
    .option('--limit <count>', 'how many at most', '50')
    .option('--json', 'print rows, one JSON per line')
    .action(act(list));
  program
    .command('show')
    .description('Print the log of a session.')
    .argument('<session>', sessionText)
    .option('--after <seq>', 'only entries after this one')
    .option('--tail <count>', 'only the last entries')
    .option('--json', 'print entries, one JSON per line')
    .action(act(show));
  program
    .command('attach')
    .description('Watch a session and answer its questions; Ctrl-C leaves it working.')
    .argument('<session>', sessionText)
    .option('--after <seq>', 'begin after this entry')
    .option('--tail <count>', 'begin with the last entries', '20')
    .option('--json', 'print entries, one JSON per line')
    .option('--partials', 'with --json: text in progress too')
    .action(act(attach));
}

export const sessionText =
  'id, key, unique beginning of an id, title, or `last` (also -) for the latest';

/** A count or seq that a person typed. */
export function wholeNumber(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) {
    throw refuse('invalid', `${option} ${text} is no whole number.`);
  }
  return number;
}

function list(io: Io, options: ListOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const { sessions } = await client.sessions.list({
      limit: Math.min(200, Math.max(1, wholeNumber(options.limit ?? '50', '--limit'))),
      ...(options.all === true ? {} : { archived: false }),
      ...(options.agent === undefined ? {} : { agent: options.agent }),
    });
    if (options.json === true) {
      for (const row of sessions) io.out(`${jsonLine(row)}\n`);
    } else if (sessions.length === 0) {
      io.err('No sessions yet. Begin one with `turnkeep run "…"`.\n');
    } else {
      const lines = renderRows(cleanAll(sessions), io.now(), lookOf(io, options));
      io.out(`${lines.join('\n')}\n`);
    }
    return 0;
  });
}

function show(io: Io, options: ShowOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const session = await findSession(client, name);
    const look = lookOf(io, options);
    for await (const entry of readLog(client, session.id, startOf(options, session.lastSeq, 0))) {
      if (options.json === true) io.out(`${jsonLine(entry)}\n`);
      else for (const line of renderEntry(cleanAll(entry), look)) io.out(`${line}\n`);
    }
    return 0;
  });
}

/** The seq after which to begin. */
function startOf(options: ShowOptions, lastSeq: number, otherwise: number): number {
  if (options.after !== undefined) return wholeNumber(options.after, '--after');
  if (options.tail === undefined) return otherwise;
  return Math.max(0, lastSeq - wholeNumber(options.tail, '--tail'));
}

/** The log after a seq, page by page. */
async function* readLog(client: Client, session: string, start: number): AsyncGenerator<Entry> {
  let after: number | null = start;
  while (after !== null) {
    const page: { entries: readonly Entry[]; next: number | null } = await client.sessions.history({
      session,
      after,
    });
    yield* page.entries;
    after = page.next;
  }
}

function attach(io: Io, options: AttachOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const session = await findSession(client, name);
    const look = lookOf(io, options);
    const title = oneLine(session.title ?? session.key ?? session.id);
    const head = `${title} · ${oneLine(session.agent)} in ${oneLine(session.cwd)} · ${session.status}`;
    await followSession({
      client,
      session: session.id,
      after: startOf(options, session.lastSeq, session.lastSeq),
      io,
      look,
      notes: options.json === true ? [] : [head],
      json: options.json === true,
      partials: options.partials === true,
    });
    return 0;
  });
}
