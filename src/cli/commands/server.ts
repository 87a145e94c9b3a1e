import { type Command, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import { idPattern } from '../../domain/entry.ts';
import { refuse, RefusalError } from '../../domain/refusal.ts';
import { operations } from '../../protocol/operations.ts';
import { type Scope, scopes } from '../../protocol/scope.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { duration } from '../duration.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';

interface JsonOptions extends Common {
  json?: boolean;
}
interface TokenOptions extends JsonOptions {
  scope: Scope[];
  session?: string[];
  user?: string;
  organization?: string;
  ttl?: string;
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
    .option('--session <sessions...>', 'only these sessions, or ids of sessions that will be')
    .option('--user <name>', 'whose it is')
    .option('--organization <name>', 'the only one that its requests may name')
    .option('--ttl <time>', 'ends by itself after so long, such as 12h or 30d')
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
    const sessions = await Promise.all(names.map((one) => sessionIdOf(io, client, one)));
    const ttlMs = options.ttl === undefined ? undefined : duration(options.ttl, '--ttl');
    const made = await client.tokens.create({
      name,
      scopes: options.scope,
      ...(sessions.length === 0 ? {} : { sessions }),
      ...given({ user: options.user, organization: options.organization, ttlMs }),
    });
    if (options.json === true) io.out(`${jsonLine(made)}\n`);
    else {
      io.err(`Token ${made.id}. Its secret is shown this once:\n`);
      io.out(`${made.secret}\n`);
    }
    return 0;
  });
}

/** The first thing that a writer from outside stores makes its session: its token comes before that. */
async function sessionIdOf(io: Io, client: Client, name: string): Promise<string> {
  try {
    return (await findSession(client, name)).id;
  } catch (error) {
    const unknown = error instanceof RefusalError && error.refusal.code === 'not_found';
    if (!unknown || name === 'last' || !idPattern.test(name)) throw error;
    io.err(`There is no session ${name} yet: the token is for one with this id.\n`);
    return name;
  }
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
      const used = token.usedAt === undefined ? '' : `  used ${token.usedAt}`;
      io.out(`${token.id}  ${oneLine(token.name)}  ${token.scopes.join(',')}  ${end}${used}\n`);
    }
    return 0;
  });
}

function revokeToken(io: Io, options: JsonOptions, id: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const value = await client.tokens.revoke({ id });
    if (!value.revoked && !(await client.tokens.list()).tokens.some((token) => token.id === id)) {
      throw refuse('not_found', `There is no token ${id}. \`turnkeep token list\` shows them.`);
    }
    answer(io, options, { value, lines: [value.revoked ? 'revoked' : 'It was revoked before.'] });
    return 0;
  });
}
