import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { RefusalError } from '../../domain/refusal.ts';
import type { AgentRow } from '../../protocol/operations/agents-list.ts';
import type { Act } from '../act.ts';
import { jsonLine } from '../clean.ts';
import { type Common, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { renderAgents, renderOneAgent } from '../render/agents.ts';

interface AgentsOptions extends Common {
  json?: boolean;
  probe?: boolean;
}

export function addAgents(program: Command, act: Act): void {
  program
    .command('agents')
    .description('The agents: what is installed, which versions, models, modes and effort levels.')
    .argument('[agent]', 'only this one, with all that it offers')
    .option('--probe', 'ask them again, also where the answers are known')
    .option('--json', 'print JSON')
    .action(act(agents));
}

interface Answer {
  default: string;
  agents: readonly AgentRow[];
}

function agents(io: Io, options: AgentsOptions, agent?: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const answer = await ask(io, client, { agent, refresh: options.probe === true });
    const look = lookOf(io, options);
    if (options.json === true) io.out(`${jsonLine(answer)}\n`);
    else {
      const one = agent === undefined ? undefined : answer.agents[0];
      const lines =
        one === undefined
          ? renderAgents(answer.agents, answer.default, look)
          : renderOneAgent(one, io.now(), look);
      io.out(`${lines.join('\n')}\n`);
    }
    return 0;
  });
}

/** Who may only look gets what is known: asking starts programs. */
async function ask(
  io: Io,
  client: Client,
  { agent, refresh }: { agent: string | undefined; refresh: boolean },
): Promise<Answer> {
  try {
    const input = { refresh, ...(agent === undefined ? {} : { agent }) };
    return await client.agents.probe(input, { timeoutMs: probeMs });
  } catch (error) {
    const lacks = error instanceof RefusalError && error.refusal.code === 'forbidden';
    if (!lacks || refresh) throw error;
    io.err('This token may not ask the agents; this is what the daemon knows of them.\n');
    const known = await client.agents.list();
    if (agent === undefined) return known;
    return { ...known, agents: known.agents.filter(({ name }) => name === agent) };
  }
}

/** More than a probe may take, with all that has to be ended after it. */
const probeMs = 60_000;
