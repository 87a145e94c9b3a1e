import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { limits } from '../../domain/limits.ts';
import { refuse } from '../../domain/refusal.ts';
import type { InputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { jsonLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

interface AppendOptions extends Common {
  raw?: boolean;
  type?: string;
  producer?: string;
  from?: string;
  expectHead?: string;
  json?: boolean;
}
type Input = InputOf<'sessions.append'>;
type NewEntry = Input['entries'][number];

export function addAppend(program: Command, act: Act): void {
  program
    .command('append')
    .description(
      'Append opaque entries from stdin, one JSON {id?, parentId?, type?, raw} per line.',
    )
    .argument('<session>', sessionText)
    .option('--raw', 'each line is the content of an entry itself')
    .option('--type <type>', 'with --raw: type of the entries')
    .option(
      '--producer <id:epoch>',
      'who makes them: entries without an id are known by their number',
    )
    .option('--from <number>', 'with --producer: number of the first line', '0')
    .option(
      '--expect-head <id>',
      'refuse where the head of the session is another one; `none` for an empty log',
    )
    .option('--json', 'print what became of each entry, one JSON per line')
    .action(act(append));
}

function append(io: Io, options: AppendOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const counts = { stored: 0, duplicates: 0 };
    for await (const { entries, first } of batches(io, options)) {
      const input: Input = { session: id, entries, ...conditions(options, first) };
      const answer = await client.sessions.append(input);
      for (const entry of answer.entries) {
        counts[entry.duplicate ? 'duplicates' : 'stored'] += 1;
        if (options.json === true) io.out(`${jsonLine(entry)}\n`);
      }
    }
    const { stored, duplicates } = counts;
    const again = duplicates === 0 ? '' : `, ${duplicates} were there before`;
    if (options.json !== true) io.out(`${stored} entries appended${again}\n`);
    return 0;
  });
}

function conditions(options: AppendOptions, first: number): Partial<Input> {
  const head = options.expectHead === 'none' ? null : options.expectHead;
  const from = wholeNumber(options.from ?? '0', '--from');
  const producer =
    options.producer === undefined ? undefined : producerOf(options.producer, from + first);
  // Only the first batch can be held to what the caller knows: it moves the head itself.
  const expect = head === undefined || first > 0 ? undefined : { head };
  return given({ producer, expect });
}

function producerOf(text: string, seq: number): NonNullable<Input['producer']> {
  const at = text.lastIndexOf(':');
  if (at < 1)
    throw refuse('invalid', `--producer ${text}: write it as ID:EPOCH, such as crawler:1.`);
  return { id: text.slice(0, at), epoch: wholeNumber(text.slice(at + 1), '--producer'), seq };
}

/** Characters of one batch: well below what a request may have. */
const batchChars = 256 * 1024;

/** The lines in batches that one request can carry; `first` is the number of the first, from 0. */
async function* batches(
  io: Io,
  options: AppendOptions,
): AsyncGenerator<{ entries: NewEntry[]; first: number }> {
  let entries: NewEntry[] = [];
  let chars = 0;
  let count = 0;
  let line = 0;
  for await (const text of createInterface({ input: io.stdin, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    const full = entries.length === limits.appendEntries || chars + text.length > batchChars;
    if (full && entries.length > 0) {
      yield { entries, first: count - entries.length };
      entries = [];
      chars = 0;
    }
    entries.push(entryOf(text, line, options));
    chars += text.length;
    count += 1;
  }
  if (entries.length > 0) yield { entries, first: count - entries.length };
}

function entryOf(text: string, line: number, options: AppendOptions): NewEntry {
  try {
    const value: unknown = JSON.parse(text);
    if (options.raw !== true) return value as NewEntry;
    return { raw: value as NewEntry['raw'], ...given({ type: options.type }) };
  } catch (error) {
    throw refuse('invalid', `Line ${line} is no JSON: ${(error as Error).message}`);
  }
}
