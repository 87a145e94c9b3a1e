import { Argument, type Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { type ContentBlock, textOf } from '../../domain/content.ts';
import { refuse } from '../../domain/refusal.ts';
import { operations, type OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { readAll } from '../keys.ts';
import { cutTo } from '../render/width.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface QueueOptions extends Common {
  json?: boolean;
}
type Item = OutputOf<'queue.list'>['items'][number];
const actions = ['list', 'edit', 'move', 'rm', 'release'] as const;

export function addQueue(program: Command, act: Act): void {
  program
    .command('queue')
    .description('The prompts of a session that wait: see, edit, move or withdraw them.')
    .argument('<session>', sessionText)
    .addArgument(new Argument('[action]', 'what to do').choices(actions).default('list'))
    .argument('[prompt]', 'its place from 1, or the beginning of its id')
    .argument('[value]', 'for edit the new text (or stdin), for move the new place from 1')
    .option('--json', 'print JSON')
    .action(
      act((io: Io, options: QueueOptions, name: string, action: Action, ...words: Words) =>
        queue(io, options, { name, action, words }),
      ),
    );
  program
    .command('release')
    .description(operations['queue.release'].summary)
    .argument('<session>', sessionText)
    .option('--json', 'print JSON')
    .action(
      act((io: Io, options: QueueOptions, name: string) =>
        queue(io, options, { name, action: 'release', words: [] }),
      ),
    );
}

type Action = (typeof actions)[number];
type Words = [prompt?: string, value?: string];

interface Asked {
  name: string;
  action: Action;
  words: Words;
}

function queue(io: Io, options: QueueOptions, { name, action, words }: Asked): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const call = { io, options, client, session: id };
    switch (action) {
      case 'list':
        await list(call);
        break;
      case 'release':
        await release(call);
        break;
      case 'edit':
      case 'move':
      case 'rm':
        await change(call, action, words);
        break;
    }
    return 0;
  });
}

interface Call {
  io: Io;
  options: QueueOptions;
  client: Client;
  session: string;
}

async function list({ io, options, client, session }: Call): Promise<void> {
  const { items, held } = await client.queue.list({ session });
  if (options.json === true) {
    for (const item of items) io.out(`${jsonLine(item)}\n`);
  } else {
    const { columns } = lookOf(io, options);
    for (const item of items) io.out(`${itemLine(item, columns)}\n`);
    if (items.length === 0) io.err('No prompt waits.\n');
  }
  if (held && items.length > 0) {
    io.err(heldText(session));
  }
}

/** How a held queue goes on; what holds it is in the log: a run that failed, or a budget. */
export function heldText(session: string): string {
  const why = `\`turnkeep show ${session} --tail 5\` says why`;
  return `The queue is held (${why}): \`turnkeep release ${session}\` lets it go on.\n`;
}

function itemLine({ position, content, edited }: Item, columns: number): string {
  const text = content === null ? '(unreadable)' : textOf(content as unknown as ContentBlock[]);
  const mark = edited ? '(edited) ' : '';
  return cutTo(`${String(position).padStart(2)}  ${mark}${oneLine(text, 1000)}`, columns);
}

async function release({ io, options, client, session }: Call): Promise<void> {
  const value = await client.queue.release({ session });
  const rest = value.queued === 0 ? '' : ` (${value.queued} wait)`;
  answer(io, options, { value, lines: [`${value.run === null ? 'released' : 'starting'}${rest}`] });
}

async function change(call: Call, action: 'edit' | 'move' | 'rm', words: Words): Promise<void> {
  const { io, options, client, session } = call;
  const { columns } = lookOf(io, options);
  const [named, given] = words;
  if (named === undefined)
    throw refuse('invalid', `Say which prompt to ${action}: its place from 1.`);
  const { items } = await client.queue.list({ session });
  const { prompt } = itemNamed(items, named);
  if (action === 'rm') {
    const value = await client.queue.withdraw({ session, prompt });
    return answer(io, options, { value, lines: [`withdrawn (${value.queued} wait)`] });
  }
  const value =
    action === 'edit'
      ? await client.queue.edit({ session, prompt, content: given ?? (await readAll(io)) })
      : await client.queue.move({ session, prompt, to: placeOf(given) });
  answer(io, options, { value, lines: [itemLine(value.item, columns)] });
}

function placeOf(given: string | undefined): number {
  const place = wholeNumber(given ?? '', 'The new place');
  if (place === 0) throw refuse('invalid', 'Places are counted from 1.');
  return place;
}

function itemNamed(items: readonly Item[], named: string): Item {
  const byPlace = /^\d{1,3}$/.test(named) ? items[Number(named) - 1] : undefined;
  const byId = items.filter(({ prompt }) => prompt.startsWith(named));
  const [found = byPlace] = byId.length === 1 ? byId : [];
  const item = byPlace ?? found;
  if (item !== undefined) return item;
  throw refuse(
    byId.length > 1 ? 'conflict' : 'not_found',
    byId.length > 1
      ? `${byId.length} prompts begin with ${named}: name one by its place.`
      : `No prompt ${named} waits; ${items.length} do.`,
  );
}
