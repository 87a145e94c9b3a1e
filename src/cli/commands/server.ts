import { type Command, Option } from 'commander';
import { operations } from '../../protocol/operations.ts';
import { type Scope, scopes } from '../../protocol/scope.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { wholeNumber } from '../whole-number.ts';

interface JsonOptions extends Common {
  json?: boolean;
}
interface TokenOptions extends JsonOptions {
  scope: Scope[];
  session?: string[];
  user?: string;
  days?: string;
}

export function addServerCommands(program: Command, act: Act): void {
  const token = program.command('token').description('Make, list and end tokens.');
  token
    .command('create')
    .description(operations['tokens.create'].summary)
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--scope <scopes...>', 'what it may do').choices(scopes).default(['view']),
    )
    .option('--session <sessions...>', 'only these sessions')
    .option('--user <name>', 'whose it is')
    .option('--days <count>', 'ends by itself after so many days')
    .option('--json', 'print JSON')
    .action(act(createToken));
  token
    .command('list')
    .description(operations['tokens.list'].summary)
    .option('--json', 'print tokens, one JSON per line')
    .action(act(listTokens));
  token
    .command('revoke')
    .description(operations['tokens.revoke'].summary)
    .argument('<id>', 'id of the token')
    .option('--json', 'print JSON')
    .action(act(revokeToken));
}

function createToken(io: Io, options: TokenOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const names = options.session ?? [];
    const sessions = await Promise.all(
      names.map(async (one) => (await findSession(client, one)).id),
    );
    const days = options.days === undefined ? undefined : wholeNumber(options.days, '--days');
    const made = await client.tokens.create({
      name,
      scopes: options.scope,
      ...(sessions.length === 0 ? {} : { sessions }),
      ...(options.user === undefined ? {} : { user: options.user }),
      ...(days === undefined ? {} : { ttlMs: days * 86_400_000 }),
    });
    if (options.json === true) io.out(`${jsonLine(made)}\n`);
    else {
      io.err(`Token ${made.id}. Its secret is shown this once:\n`);
      io.out(`${made.secret}\n`);
    }
    return 0;
  });
}

function listTokens(io: Io, options: JsonOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const { tokens } = await client.tokens.list();
    for (const token of tokens) {
      if (options.json === true) {
        io.out(`${jsonLine(token)}\n`);
        continue;
      }
      const end = token.revokedAt === null ? (token.expiresAt ?? 'for ever') : 'revoked';
      io.out(`${token.id}  ${oneLine(token.name)}  ${token.scopes.join(',')}  ${end}\n`);
    }
    return 0;
  });
}

function revokeToken(io: Io, options: JsonOptions, id: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const value = await client.tokens.revoke({ id });
    answer(io, options, { value, lines: [value.revoked ? 'revoked' : 'It was revoked before.'] });
    return 0;
  });
}
