import path from 'node:path';
import { type Command, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import { refuse } from '../../domain/refusal.ts';
import type { SessionRow } from '../../domain/row.ts';
import { sessionStatuses } from '../../domain/session-state.ts';
import type { Act } from '../act.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { moment } from '../duration.ts';
import { followSession } from '../follow.ts';
import { type Io, lookOf } from '../io.ts';
import type { ListQuery } from '../list-filter.ts';
import { collect, given, pairs } from '../pairs.ts';
import { renderList } from '../render/list.ts';
import { streamList, type Watching, watchList } from '../watch.ts';
import { wholeNumber } from '../whole-number.ts';

interface ListOptions extends Common {
  all?: boolean;
  archived?: boolean;
  deleted?: boolean;
  status?: (typeof sessionStatuses)[number][];
  agent?: string;
  label?: string;
  parent?: string;
  cwd?: string;
  meta?: string[];
  text?: string;
  since?: string;
  sort?: 'activity' | 'created';
  limit: string;
  cursor?: string;
  watch?: boolean;
  json?: boolean;
}

export function addList(program: Command, act: Act): void {
  program
    .command('ls')
    .description('The sessions, by directory, with what each is doing.')
    .addOption(new Option('--status <status...>', 'only in one of these').choices(sessionStatuses))
    .option('--agent <name>', 'only of this agent')
    .option('--label <label>', 'only with this label')
    .option('--parent <session>', 'only children of this session')
    .option('--cwd <dir>', 'only in this directory')
    .option('--meta <name=value>', 'only with this; may be given more than once', collect)
    .option('--text <text>', 'only with this in title, label, key or directory')
    .option('--since <time>', 'only changed since a date, or for so long (90s, 15m, 2h, 1d)')
    .option('--archived', 'archived ones instead of the others')
    .option('--all', 'archived ones too')
    .option('--deleted', 'deleted ones that can still be restored')
    .addOption(new Option('--sort <order>', 'newest first by').choices(['activity', 'created']))
    .option('--limit <count>', 'how many at most', '50')
    .option('--cursor <cursor>', 'go on where a page ended')
    .option('--watch', 'stay and show it live')
    .option('--json', 'print rows, one JSON per line; with --watch changes')
    .action(act(list));
}

function list(io: Io, options: ListOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const query = await queryOf(client, io, options);
    if (options.watch === true)
      return watch({ client, query, io, look: () => lookOf(io, options) }, options);
    const page = await readPage(client, query, options);
    if (options.json === true) {
      for (const row of page.rows) io.out(`${jsonLine(row)}\n`);
    } else if (page.rows.length === 0) {
      io.err(emptyText(query));
    } else {
      const { rows, children } = page;
      const view = { now: io.now(), home: io.env['HOME'], look: lookOf(io, options), children };
      io.out(
        `${renderList(rows, view)
          .map(({ text }) => text)
          .join('\n')}\n`,
      );
    }
    if (page.next !== null) io.err(`There are more: add --cursor ${oneLine(page.next, 400)}\n`);
    return 0;
  });
}

function emptyText(query: ListQuery): string {
  const usual = Object.entries(query).every(
    ([name, value]) => name === 'archived' && value === false,
  );
  return usual
    ? 'No sessions yet. Begin one with `turnkeep run "…"`.\n'
    : 'No session is like that.\n';
}

async function queryOf(client: Client, io: Io, options: ListOptions): Promise<ListQuery> {
  const { status, agent, label, text, sort, deleted } = options;
  const parent =
    options.parent === undefined ? undefined : (await findSession(client, options.parent)).id;
  return given({
    status,
    agent,
    label,
    parent,
    text,
    sort,
    deleted,
    cwd: options.cwd === undefined ? undefined : path.resolve(io.cwd, options.cwd),
    meta: pairs(options.meta, '--meta'),
    archived: archivedOf(options),
    updatedSince:
      options.since === undefined ? undefined : moment(options.since, io.now(), '--since'),
  });
}

/** A deleted session is listed whether it was archived or not. */
function archivedOf({ archived, all, deleted }: ListOptions): boolean | undefined {
  if (archived === true) return true;
  return all === true || deleted === true ? undefined : false;
}

interface Listed {
  rows: SessionRow[];
  children: { [session: string]: number };
  next: string | null;
}

const pageRows = 200;

/** As many rows as were asked for, page by page. */
async function readPage(client: Client, query: ListQuery, options: ListOptions): Promise<Listed> {
  const limit = Math.max(1, wholeNumber(options.limit, '--limit'));
  const listed: Listed = { rows: [], children: {}, next: options.cursor ?? null };
  do {
    const page = await client.sessions.list({
      ...query,
      limit: Math.min(pageRows, limit - listed.rows.length),
      ...(listed.next === null ? {} : { cursor: listed.next }),
    });
    listed.rows.push(...page.sessions);
    Object.assign(listed.children, page.children);
    listed.next = page.next;
  } while (listed.next !== null && listed.rows.length < limit);
  return listed;
}

/** The list live, with sessions that are attached to in between; without a terminal its changes. */
async function watch(watching: Watching, options: ListOptions): Promise<number> {
  const { io } = watching;
  if (options.deleted === true) throw refuse('invalid', 'Deleted sessions cannot be watched.');
  const drawn = io.outIsTty && io.inIsTty && io.env['TERM'] !== 'dumb';
  if (options.json === true || !drawn) {
    await streamList(watching, options.json === true);
    return 0;
  }
  let chosen = await watchList(watching);
  while (chosen !== null) {
    await attachTo(watching, chosen);
    chosen = await watchList(watching, chosen);
  }
  return 0;
}

async function attachTo({ client, io, look }: Watching, session: string): Promise<void> {
  const { title, lastSeq } = (await client.sessions.get({ session })).session;
  const notes = [`${oneLine(title ?? session)} · Ctrl-C goes back to the list`];
  const after = Math.max(0, lastSeq - io.rows);
  await followSession({ client, session, after, io, look: look(), notes });
}
