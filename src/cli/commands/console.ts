import type { Command } from 'commander';
import { refuse } from '../../domain/refusal.ts';
import type { Act } from '../act.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, withClient } from '../connect.ts';
import { consoleLink, renderLink } from '../console-link.ts';
import type { Io } from '../io.ts';

interface ConsoleOptions extends Common {
  admin?: boolean;
  list?: boolean;
  json?: boolean;
}

export function addConsole(program: Command, act: Act): void {
  program
    .command('console')
    .description('Print a link that opens the console in a browser: it logs one browser in, once.')
    .option('--admin', 'the browser may administer, too, and is logged out after a day')
    .option('--list', 'list the browsers that are logged in; `token revoke` ends one')
    .option('--json', 'print JSON')
    .action(
      act((io: Io, options: ConsoleOptions) => (options.list ? list : printLink)(io, options)),
    );
}

function printLink(io: Io, options: ConsoleOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const login = await client.logins.create(options.admin === true ? { admin: true } : {});
    const made = consoleLink(client.url, login);
    io.out(options.json === true ? `${jsonLine(made)}\n` : renderLink(made));
    return 0;
  });
}

function list(io: Io, options: ConsoleOptions): Promise<number> {
  if (options.admin === true) throw refuse('invalid', '--list lists all: leave --admin out.');
  return withClient(io, options, async (client) => {
    const { logins } = await client.logins.list();
    for (const login of logins) {
      const { id, name, scopes, usedAt } = login;
      const line = `${id}  ${oneLine(name)}  ${scopes.join(',')}  used ${usedAt}`;
      io.out(`${options.json === true ? jsonLine(login) : line}\n`);
    }
    return 0;
  });
}
