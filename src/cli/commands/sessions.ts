import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import type { Entry } from '../../domain/entry.ts';
import type { Act } from '../act.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { followSession } from '../follow.ts';
import { type Io, lookOf } from '../io.ts';
import { renderEntry } from '../render/entry.ts';
import { bypassText } from '../render/policy.ts';
import { wholeNumber } from '../whole-number.ts';

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
  'id or its unique beginning, key, label, title, or `last` (also -) for the latest';

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
    const bypass = bypassText(session.policy.bypassUntil, io.now());
    await followSession({
      client,
      session: session.id,
      after: startOf(options, session.lastSeq, session.lastSeq),
      io,
      look,
      notes: options.json === true ? [] : bypass === null ? [head] : [head, `! ${bypass}`],
      json: options.json === true,
      partials: options.partials === true,
    });
    return 0;
  });
}
