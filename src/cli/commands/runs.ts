import { type Command, Option } from 'commander';
import { runOutcomes } from '../../domain/entry.ts';
import { operations, type OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { confirm } from '../confirm.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { given } from '../pairs.ts';
import type { Look } from '../render/look.ts';
import { renderAge, renderDuration, renderMoney, renderTokens } from '../render/measure.ts';
import { renderTable } from '../render/table.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface RunsOptions extends Common {
  open?: boolean;
  outcome?: (typeof runOutcomes)[number];
  limit: string;
  json?: boolean;
}
type Run = OutputOf<'runs.list'>['runs'][number];

export function addRuns(program: Command, act: Act): void {
  program
    .command('runs')
    .description('Runs, newest first: how each ended, how long it took, what it used.')
    .argument('[session]', `of this session: ${sessionText}`)
    .option('--open', 'only those that are not over')
    .addOption(new Option('--outcome <outcome>', 'only those that ended so').choices(runOutcomes))
    .option('--limit <count>', 'how many at most', '20')
    .option('--json', 'print runs, one JSON per line')
    .action(act(runs));
  program
    .command('stop-all')
    .helpGroup('Work with an agent:')
    .description(operations['runs.stopAll'].summary)
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(act(stopAll));
}

function runs(io: Io, options: RunsOptions, name: string | undefined): Promise<number> {
  return withClient(io, options, async (client) => {
    const session = name === undefined ? undefined : (await findSession(client, name)).id;
    const { open, outcome } = options;
    const limit = Math.min(200, Math.max(1, wholeNumber(options.limit, '--limit')));
    const page = await client.runs.list({ limit, ...given({ session, open, outcome }) });
    if (options.json === true) for (const run of page.runs) io.out(`${jsonLine(run)}\n`);
    else if (page.runs.length === 0) io.err('No run is like that.\n');
    else {
      const view = { now: io.now(), look: lookOf(io, options), one: session !== undefined };
      const shown = renderRuns(cleanAll(page.runs), view);
      io.out(`${shown.join('\n')}\n`);
    }
    return 0;
  });
}

export interface RunsView {
  now: number;
  look: Look;
  /** All runs are of one session. */
  one: boolean;
}

/** Runs in a table, newest first. */
export function renderRuns(list: readonly Run[], { now, look, one }: RunsView): string[] {
  const { style } = look;
  const columns: [head: string, cell: (run: Run) => string][] = [
    ['', mark],
    ['RUN', ({ id }) => id],
    ['SESSION', ({ session }) => (one ? '' : session.slice(0, 13))],
    ['OUTCOME', ({ outcome }) => outcome ?? 'open'],
    ['AGE', ({ startedAt }) => renderAge(startedAt, now)],
    ['TOOK', ({ durationMs }) => (durationMs === undefined ? '' : renderDuration(durationMs))],
    ['TOKENS', ({ usage }) => (usage === undefined ? '' : renderTokens(usage.tokens))],
    ['COST', ({ usage }) => (usage?.cost ? renderMoney(usage.cost) : '')],
    ['ANSWER', ({ error, answer: said }) => oneLine(error?.message ?? said?.text ?? '', 60)],
  ];
  const filled = columns.filter(([, cell]) => list.some((run) => cell(run) !== ''));
  const head = filled.map(([name]) => name);
  const cells = list.map((run) => filled.map(([, cell]) => cell(run)));
  const plain = (text: string) => text;
  const paint = list.map(({ outcome }) =>
    outcome === null ? style.green : outcome === 'completed' ? plain : style.red,
  );
  // What is typed again: the run of a session that is known, else the session.
  return renderTable({ head, cells, paint, whole: [one ? 'RUN' : 'SESSION'] }, look);
}

function mark({ outcome }: Run): string {
  if (outcome === null) return '●';
  return outcome === 'completed' ? '✓' : '✗';
}

interface StopAllOptions extends Common {
  yes?: boolean;
  json?: boolean;
}

function stopAll(io: Io, options: StopAllOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const { runs: open } = await client.runs.list({ open: true, limit: 200 });
    const count = open.length === 200 ? '200 runs or more' : `${open.length} runs`;
    const what = `This stops ${open.length === 1 ? 'the run that is open' : `all ${count} that are open`}.`;
    if (open.length > 0 && !(await confirm(io, options, what))) return 1;
    const value = await client.runs.stopAll({}, { timeoutMs: 120_000 });
    const lines = value.runs.map(
      ({ session, run, outcome }) =>
        `${oneLine(session)}  run ${oneLine(run)}  ${outcome ?? 'not stopped'}`,
    );
    answer(io, options, { value, lines: lines.length === 0 ? ['No run was open.'] : lines });
    return value.runs.every(({ outcome }) => outcome !== null) ? 0 : 1;
  });
}
