import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { refuse } from '../../domain/refusal.ts';
import { operations, type OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { cleanAll, jsonLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { renderRawLine } from '../render/raw-line.ts';
import { sessionText } from './sessions.ts';

interface RawOptions extends Common {
  in?: boolean;
  out?: boolean;
  json?: boolean;
}

type Page = OutputOf<'runs.raw'>;

export function addRawCommand(program: Command, act: Act): void {
  program
    .command('raw')
    .description(operations['runs.raw'].summary)
    .argument('<session>', sessionText)
    .argument('[run]', 'id of the run; without it the latest')
    .option('--in', 'only what was sent to the agent')
    .option('--out', 'only what the agent wrote')
    .option('--json', 'print whole lines with all that is known of them, one JSON per line')
    .action(act(raw));
}

function raw(io: Io, options: RawOptions, name: string, run?: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const asked = run ?? (await latestRun(client, id));
    const look = lookOf(io, options);
    for await (const page of pages(client, { session: id, run: asked, ...directionOf(options) })) {
      for (const line of page.lines) {
        if (options.json === true) io.out(`${jsonLine(line)}\n`);
        else io.out(`${renderRawLine(cleanAll(line), look)}\n`);
      }
      const gone = goneText[page.source];
      if (gone !== undefined) io.err(`${gone}\n`);
    }
    return 0;
  });
}

const goneText: Partial<Record<Page['source'], string>> = {
  expired:
    'The lines of this run were kept for their time and are gone. `turnkeep show` has its entries.',
  lost: 'The lines of this run could not be kept. `turnkeep show` has its entries.',
  withheld:
    'The directory has a before-commit hook: its lines are shown to nobody. `turnkeep show` has its entries.',
};

function directionOf({ in: sent, out }: RawOptions): { direction?: 'in' | 'out' } {
  if (sent === true && out !== true) return { direction: 'in' };
  return out === true && sent !== true ? { direction: 'out' } : {};
}

async function latestRun(client: Client, session: string): Promise<string> {
  const { runs } = await client.runs.list({ session, limit: 1 });
  if (runs[0] === undefined) throw refuse('not_found', 'The session has no run yet.');
  return runs[0].id;
}

async function* pages(
  client: Client,
  query: { session: string; run: string; direction?: 'in' | 'out' },
): AsyncGenerator<Page> {
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const more: { cursor?: string } = cursor === undefined ? {} : { cursor };
    const page: Page = await client.runs.raw({ ...query, ...more });
    yield page;
    cursor = page.next;
  }
}
