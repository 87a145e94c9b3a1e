import type { Command } from 'commander';
import { version } from '../../app/version.ts';
import { refuse } from '../../domain/refusal.ts';
import { serveMcp } from '../../mcp/server.ts';
import { insideTools } from '../../mcp/tools.ts';
import type { Act } from '../act.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { insideSession } from '../inside.ts';
import type { Io } from '../io.ts';

interface McpOptions extends Common {
  session?: string;
}

export function addMcp(program: Command, act: Act): void {
  program
    .command('mcp')
    .description('Serve tools to the agent of a session by the Model Context Protocol, on stdio.')
    .option('--session <session>', 'which session (default: the one that it runs in)')
    .action(act(serve));
}

/** Until the client ends its input. */
function serve(io: Io, options: McpOptions): Promise<number> {
  return withClient(io, options, async (client) => {
    const named = options.session;
    const session =
      named === undefined ? insideSession(io, options) : (await findSession(client, named)).id;
    if (session === null) {
      throw refuse('invalid', 'This is not inside a session: name one with --session.');
    }
    await serveMcp({
      input: io.stdin,
      write: io.out,
      tools: insideTools({ client, session }),
      version,
    });
    return 0;
  });
}
