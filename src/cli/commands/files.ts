import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { operations } from '../../protocol/operations.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface FilesOptions extends Common {
  limit: string;
  json?: boolean;
}

export function addFiles(program: Command, act: Act): void {
  program
    .command('files')
    .description(operations['files.find'].summary)
    .argument('<session>', sessionText)
    .argument('[words]', 'a part of the path', '')
    .option('--limit <count>', 'how many at most', '20')
    .option('--json', 'print files, one JSON per line')
    .action(act(files));
}

function files(io: Io, options: FilesOptions, name: string, query: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id: session } = await findSession(client, name);
    const limit = wholeNumber(options.limit, '--limit');
    const found = await client.files.find({ session, query, limit });
    for (const file of found.files) {
      io.out(`${options.json === true ? jsonLine(file) : oneLine(file.path, 4096)}\n`);
    }
    if (!found.complete) io.err('There are more: say more of the path.\n');
    return 0;
  });
}
