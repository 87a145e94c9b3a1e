import { type Command, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import { refuse } from '../../domain/refusal.ts';
import { type UsageGroup, usageGroups } from '../../domain/usage.ts';
import type { InputOf, OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { moment } from '../duration.ts';
import { type Io, lookOf } from '../io.ts';
import { given } from '../pairs.ts';
import type { Look } from '../render/look.ts';
import { renderBudget } from '../render/budget.ts';
import { renderMoney, shortCount } from '../render/measure.ts';
import { renderTable } from '../render/table.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';
import { usageOfSession } from './usage-session.ts';

interface UsageOptions extends Common {
  by: UsageGroup[];
  since?: string;
  until?: string;
  session?: string;
  children?: boolean;
  agent?: string;
  limit: string;
  json?: boolean;
}
type Summary = OutputOf<'usage.summary'>;
type Row = Summary['rows'][number];

export function addUsage(program: Command, act: Act): void {
  program
    .command('usage')
    .description('Tokens and cost, by day, session, agent, model or directory; or of one session.')
    .argument('[session]', `all that there is to know of one: ${sessionText}`)
    .addOption(
      new Option('--by <group...>', 'one to three of them').choices(usageGroups).default(['day']),
    )
    .option('--since <time>', 'from this day (UTC) on, or for so long (12h, 30d)')
    .option('--until <time>', 'up to this day (UTC), included')
    .option('--session <session>', 'only of this session')
    .option('--children', 'with --session: and of all that descend from it')
    .option('--agent <name>', 'only of this agent')
    .option('--limit <count>', 'how many rows at most', '50')
    .option('--json', 'print rows, one JSON per line')
    .action(act(usage));
}

function usage(io: Io, options: UsageOptions, name: string | undefined): Promise<number> {
  if (name !== undefined) return usageOfSession(io, options, name);
  return withClient(io, options, async (client) => {
    const summary = await readAll(client, await queryOf(client, io, options), options);
    if (options.json === true) {
      for (const row of summary.rows) io.out(`${jsonLine(row)}\n`);
    } else if (summary.rows.length === 0) {
      io.err('No agent has reported any usage like that.\n');
    } else {
      const shown = renderUsage(options.by, cleanAll(summary), lookOf(io, options));
      io.out(`${shown.join('\n')}\n`);
      if (options.session === undefined) await tellBudget(client, io);
    }
    if (summary.next !== null) io.err('There are more: raise --limit.\n');
    return 0;
  });
}

async function tellBudget(client: Client, io: Io): Promise<void> {
  const told = renderBudget(cleanAll(await client.budgets.get({})));
  if (told !== null) io.out(`Budget: ${told}\n`);
}

type Query = InputOf<'usage.summary'>;

async function queryOf(client: Client, io: Io, options: UsageOptions): Promise<Query> {
  const { by, agent, children, since, until } = options;
  const named = options.session;
  if (children === true && named === undefined)
    throw refuse('invalid', '--children is of one session: name it with --session.');
  const session = named === undefined ? undefined : (await findSession(client, named)).id;
  const day = (text: string | undefined, option: string): string | undefined =>
    text === undefined ? undefined : moment(text, io.now(), option).slice(0, 10);
  return given({
    by: [...new Set(by)],
    session,
    withChildren: children,
    agent,
    since: day(since, '--since'),
    until: day(until, '--until'),
  });
}

const pageRows = 200;

/** As many rows as were asked for, page by page. */
async function readAll(client: Client, query: Query, options: UsageOptions): Promise<Summary> {
  const limit = Math.max(1, wholeNumber(options.limit, '--limit'));
  const page = (cursor: string | null, rows: number): Promise<Summary> =>
    client.usage.summary({
      ...query,
      limit: Math.min(pageRows, rows),
      ...(cursor === null ? {} : { cursor }),
    });
  const read = await page(null, limit);
  while (read.next !== null && read.rows.length < limit) {
    const more = await page(read.next, limit - read.rows.length);
    read.rows.push(...more.rows);
    read.next = more.next;
  }
  return read;
}

/** The last row is the sum of all groups, where there are several. */
function renderUsage(by: readonly UsageGroup[], summary: Summary, look: Look): string[] {
  const { rows, total, next } = summary;
  const { style } = look;
  const all: Row = { ...total };
  const told = rows.length === 1 && next === null ? rows : [...rows, all];
  const columns: [head: string, cell: (row: Row) => string][] = [
    ...by.map((group): [string, (row: Row) => string] => [
      group.toUpperCase(),
      (row) => (row === all ? (group === by[0] ? 'total' : '') : (row[group] ?? '(not named)')),
    ]),
    ['TITLE', ({ title }) => oneLine(title ?? '', 40)],
    ['IN', ({ tokens }) => shortCount(tokens.input)],
    ['OUT', ({ tokens }) => shortCount(tokens.output)],
    ['CACHE READ', ({ tokens }) => shortCount(tokens.cacheRead)],
    ['CACHE WRITE', ({ tokens }) => shortCount(tokens.cacheWrite)],
    ['THOUGHT', ({ tokens }) => shortCount(tokens.thought)],
    ['COST', ({ cost }) => cost.map(renderMoney).join(' + ')],
    ['RUNS', ({ runs }) => String(runs)],
  ];
  const empty = new Set(['', '0']);
  const filled = columns.filter(([, cell]) => told.some((row) => !empty.has(cell(row))));
  const plain = (text: string) => text;
  return renderTable(
    {
      head: filled.map(([name]) => name),
      cells: told.map((row) => filled.map(([, cell]) => cell(row))),
      paint: told.map((row) => (row === all ? style.bold : plain)),
      whole: ['SESSION', 'DAY'],
    },
    look,
  );
}
