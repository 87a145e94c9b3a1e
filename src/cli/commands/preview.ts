import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { RefusalError } from '../../domain/refusal.ts';
import { exitCode } from '../../protocol/error.ts';
import { operations, type OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { given } from '../pairs.ts';
import type { Look } from '../render/look.ts';
import { cutTo } from '../render/width.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface PreviewOptions extends Common {
  items?: string;
  maxChars?: string;
  json?: boolean;
}
type Preview = OutputOf<'sessions.preview'>['previews'][number];

export function addPreview(program: Command, act: Act): void {
  program
    .command('preview')
    .description(operations['sessions.preview'].summary)
    .argument('<sessions...>', sessionText)
    .option('--items <count>', 'how many items of each (default: 12)')
    .option('--max-chars <count>', 'characters of each item (default: 240)')
    .option('--json', 'print previews, one JSON per line')
    .action(act(preview));
}

function preview(io: Io, options: PreviewOptions, names: string[]): Promise<number> {
  return withClient(io, options, async (client) => {
    const look = lookOf(io, options);
    const count = (text: string | undefined, option: string) =>
      text === undefined ? undefined : wholeNumber(text, option);
    const sessions = await Promise.all(names.map((name) => idOf(client, name)));
    const { previews } = await client.sessions.preview({
      sessions,
      ...given({
        items: count(options.items, '--items'),
        maxChars: count(options.maxChars, '--max-chars'),
      }),
    });
    previews.forEach((one, at) => {
      if (options.json === true) return io.out(`${jsonLine(one)}\n`);
      io.out(`${renderPreview(one, names[at] ?? one.session, look).join('\n')}\n`);
    });
    if (previews.some(({ status }) => status === 'error')) return 1;
    return previews.some(({ status }) => status === 'missing') ? exitCode.not_found : 0;
  });
}

/** What no session is named by goes on as it is: the others are shown all the same. */
async function idOf(client: Client, name: string): Promise<string> {
  try {
    return (await findSession(client, name)).id;
  } catch (error) {
    if (error instanceof RefusalError && error.refusal.code === 'not_found') return name;
    throw error;
  }
}

const marks = { person: '>', agent: ' ', tool: '·' } as const;

function renderPreview({ id, status, items }: Preview, name: string, look: Look): string[] {
  const { style, columns } = look;
  const head = style.bold(cutTo(oneLine(name), columns));
  const titled = id === undefined || id === name ? head : `${head} ${style.dim(id)}`;
  if (status !== 'ok') return [titled, style.dim(`  (${status})`)];
  const lines = items.map(({ from, text }) => {
    const line = cutTo(`${marks[from]} ${oneLine(text, 2000)}`, columns - 2);
    return `  ${from === 'agent' ? line : style.dim(line)}`;
  });
  return [titled, ...lines];
}
