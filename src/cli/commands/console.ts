import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { jsonLine } from '../clean.ts';
import { type Common, withClient } from '../connect.ts';
import { askForLink, renderLink } from '../console-link.ts';
import type { Io } from '../io.ts';

interface ConsoleOptions extends Common {
  json?: boolean;
}

export function addConsole(program: Command, act: Act): void {
  program
    .command('console')
    .description('Print a link that opens the console in a browser: it logs one in, once.')
    .option('--json', 'print JSON')
    .action(act(printLink));
}

function printLink(io: Io, options: ConsoleOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const made = await askForLink(client, client.url);
    io.out(options.json === true ? `${jsonLine(made)}\n` : renderLink(made));
    return 0;
  });
}
