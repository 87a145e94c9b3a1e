import path from 'node:path';
import type { Command } from 'commander';
import { operations } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { type Common, connectOrStart, findSession } from '../connect.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';
import { addSettings, type SettingsOptions, settingsOf } from '../settings.ts';

interface NewOptions extends Common, SettingsOptions {
  agent?: string;
  cwd?: string;
  mkdir?: boolean;
  parent?: string;
  draft?: boolean;
  json?: boolean;
}

export function addNew(program: Command, act: Act): void {
  const command = program
    .command('new')
    .description(operations['sessions.create'].summary)
    .argument('[prompt]', 'what to do; without it the session waits for one')
    .option('--agent <name>', 'which agent (default: the daemon’s)')
    .option('--cwd <dir>', 'directory to work in (default: this one, or that of the parent)')
    .option('--mkdir', 'make the directory where it is not there')
    .option('--parent <session>', 'session that it is a child of')
    .option('--draft', 'keep the prompt until a send or `turnkeep release`');
  addSettings(command)
    .option('--json', 'print the whole answer as JSON, not only the id')
    .action(act(make));
}

async function make(io: Io, options: NewOptions, prompt: string | undefined): Promise<number> {
  const settings = settingsOf(io, options);
  const client = await connectOrStart(io, options);
  try {
    const parent =
      options.parent === undefined ? undefined : (await findSession(client, options.parent)).id;
    const usual = parent === undefined ? '.' : undefined;
    const cwd = options.cwd ?? usual;
    const made = await client.sessions.create({
      ...settings,
      ...given({
        agent: options.agent,
        cwd: cwd === undefined ? undefined : path.resolve(io.cwd, cwd),
        makeCwd: options.mkdir,
        parent,
        draft: options.draft,
        prompt,
      }),
    });
    if (!made.created) io.err('The session was there before.\n');
    answer(io, options, { value: made, lines: [made.session.id] });
    return 0;
  } finally {
    client.close();
  }
}
