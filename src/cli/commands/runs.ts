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
      const shown = renderRuns(cleanAll(page.runs), { now: io.now(), look: lookOf(io, options) });
      io.out(`${shown.join('\n')}\n`);
    }
    return 0;
  });
}

function renderRuns(list: readonly Run[], { now, look }: { now: number; look: Look }): string[] {
  const head = ['', 'RUN', 'SESSION', 'OUTCOME', 'AGE', 'TOOK', 'TOKENS', 'COST', 'ANSWER'];
  const cells = list.map((run) => [
    mark(run),
    run.id,
    run.session.slice(0, 13),
    run.outcome ?? 'open',
    renderAge(run.startedAt, now),
    run.durationMs === undefined ? '' : renderDuration(run.durationMs),
    run.usage === undefined ? '' : renderTokens(run.usage.tokens),
    run.usage?.cost ? renderMoney(run.usage.cost) : '',
    oneLine(run.error?.message ?? run.answer?.text ?? '', 60),
  ]);
  const { style } = look;
  const plain = (text: string) => text;
  const paint = list.map(({ outcome }) =>
    outcome === null ? style.green : outcome === 'completed' ? plain : style.red,
  );
  return renderTable({ head, cells, paint, whole: ['RUN', 'SESSION'] }, look);
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
