import path from 'node:path';
import { type Command, Option } from 'commander';
import { operations } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';
import { memoryText } from '../render/memory.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface TakeoverOptions extends Common {
  writer: 'host' | 'external';
  cwd?: string;
  epoch?: string;
  json?: boolean;
}

export function addTakeover(program: Command, act: Act): void {
  program
    .command('takeover')
    .description(operations['sessions.takeOver'].summary)
    .argument('<session>', sessionText)
    .addOption(
      new Option('--writer <writer>', 'agents here, or somebody outside who appends')
        .choices(['host', 'external'])
        .default('host'),
    )
    .option('--cwd <dir>', 'where it goes on, if not where it was')
    .option('--epoch <number>', 'refuse where the writer is another one by now')
    .option('--json', 'print JSON')
    .action(act(takeOver));
}

function takeOver(io: Io, options: TakeoverOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const { writer } = options;
    const cwd = options.cwd === undefined ? undefined : path.resolve(io.cwd, options.cwd);
    const epoch = options.epoch === undefined ? undefined : wholeNumber(options.epoch, '--epoch');
    const value = await client.sessions.takeOver({ session: id, writer, ...given({ cwd, epoch }) });
    const whose = writer === 'host' ? 'goes on here' : 'is written from outside';
    const lines = [`${id} ${whose}; its writer has the epoch ${value.session.writer.epoch}.`];
    answer(io, options, { value, lines });
    if (options.json !== true && value.memory !== null) {
      const why = value.reason === null || value.reason === '' ? '' : ` (${oneLine(value.reason)})`;
      io.err(`${memoryText[value.memory]}${why}\n`);
    }
    return 0;
  });
}
