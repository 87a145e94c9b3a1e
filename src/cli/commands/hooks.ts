import type { Command } from 'commander';
import type { OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { type Common, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import type { Look } from '../render/look.ts';
import { renderTable } from '../render/table.ts';

interface HooksOptions extends Common {
  json?: boolean;
}

type Hooks = OutputOf<'hooks.list'>;

export function addHooks(program: Command, act: Act): void {
  const hooks = program
    .command('hooks')
    .description('Who is told of events, and who sees entries before they are stored.');
  hooks
    .command('list', { isDefault: true })
    .description('The hooks, and how the last deliveries went.')
    .option('--json', 'print JSON')
    .action(act(list));
  hooks
    .command('test')
    .description('Tell one hook of nothing, and say how that went.')
    .argument('<name>', 'of a hook that is notified')
    .option('--json', 'print JSON')
    .action(act(test));
}

function list(io: Io, options: HooksOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const hooks = await client.hooks.list({});
    if (options.json === true) {
      io.out(`${jsonLine(hooks)}\n`);
      return 0;
    }
    const shown = renderHooks(cleanAll(hooks), lookOf(io, options));
    if (shown.length > 0) io.out(`${shown.join('\n')}\n`);
    else io.err(`There are no hooks: ${hooks.file} names them.\n`);
    if (hooks.problem !== null) io.err(`Nobody is notified: ${hooks.problem}\n`);
    if (hooks.changed) io.err('The file was changed: the next start of the daemon reads it.\n');
    return 0;
  });
}

function test(io: Io, options: HooksOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const tested = await client.hooks.test({ name });
    if (options.json === true) io.out(`${jsonLine(tested)}\n`);
    else if (tested.delivered) io.out('Delivered.\n');
    else io.err(`Not delivered: ${oneLine(tested.message ?? '', 200)}\n`);
    return tested.delivered ? 0 : 1;
  });
}

function renderHooks({ notify, beforeCommit }: Hooks, look: Look): string[] {
  const plain = (text: string): string => text;
  const told = renderTable(
    {
      head: ['HOOK', 'TARGET', 'EVENTS', 'DELIVERED', 'GIVEN UP', 'LAST'],
      cells: notify.map(({ name, target, events, delivered, givenUp, last: [last] }) => [
        name,
        target,
        events.join(' '),
        String(delivered),
        String(givenUp),
        last === undefined ? '' : `${last.event} ${last.outcome} ${last.message ?? ''}`.trim(),
      ]),
      paint: notify.map(() => plain),
    },
    look,
  );
  const seen = renderTable(
    {
      head: ['BEFORE COMMIT', 'PROGRAM', 'STATE', 'KEPT', 'REDACTED', 'WITHHELD', 'LAST FAILURE'],
      cells: beforeCommit.map((hook) => [
        hook.directory,
        hook.program,
        hook.running ? 'runs' : 'down',
        String(hook.kept),
        String(hook.redacted),
        `${hook.withheld}${hook.failed === 0 ? '' : ` (${hook.failed} unasked)`}`,
        hook.lastFailure ?? '',
      ]),
      paint: beforeCommit.map(() => plain),
    },
    look,
  );
  return [...(notify.length === 0 ? [] : told), ...(beforeCommit.length === 0 ? [] : seen)];
}
