import { type Command, Option } from 'commander';
import type { Client } from '../../client/client.ts';
import type { EntryOf } from '../../domain/entry.ts';
import { refuse } from '../../domain/refusal.ts';
import type { InputOf, OutputOf } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { cleanAll, jsonLine, oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import { type Io, lookOf } from '../io.ts';
import { given } from '../pairs.ts';
import { renderFileDiff, renderRestored, renderSnapshots } from '../render/snapshots.ts';
import { wholeNumber } from '../whole-number.ts';
import { sessionText } from './sessions.ts';

const runText = 'only of this run; `last` for the latest';
const most = 1000;

interface DiffOptions extends Common {
  run?: string;
  call?: string;
  json?: boolean;
}

interface SnapshotsOptions extends DiffOptions {
  path?: string;
  changes: 'read' | 'write' | 'all';
  limit: string;
}

export function addSnapshots(program: Command, act: Act): void {
  program
    .command('diff')
    .description('What an agent changed in files: in a session, a run or a tool call.')
    .argument('[session]', sessionText, 'last')
    .option('--run <run>', runText)
    .option('--call <entry>', 'only of this tool call')
    .option('--json', 'print files, one JSON per line')
    .action(act(diff));
  program
    .command('snapshots')
    .description('The files that tool calls of a session read and wrote, newest first.')
    .argument('[session]', sessionText, 'last')
    .option('--run <run>', runText)
    .option('--call <entry>', 'only of this tool call')
    .option('--path <file>', 'only of this file')
    .addOption(
      new Option('--changes <which>', 'only what was read, or written')
        .choices(['read', 'write', 'all'])
        .default('all'),
    )
    .option('--limit <count>', 'how many at most', '20')
    .option('--json', 'print entries, one JSON per line')
    .action(act(snapshots));
}

function diff(io: Io, options: DiffOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id: session, cwd } = await findSession(client, name);
    const { call } = options;
    const run = await runOf(client, session, options.run);
    const look = lookOf(io, options);
    let count = 0;
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page: OutputOf<'snapshots.diff'> = await client.snapshots.diff({
        session,
        ...given({ run, call, cursor }),
      });
      for (const file of page.files) {
        const lines = () => renderFileDiff(cleanAll(file), cwd, look);
        io.out(options.json === true ? `${jsonLine(file)}\n` : `${lines().join('\n')}\n`);
      }
      count += page.files.length;
      cursor = page.next;
    }
    if (count === 0) io.err('No file was changed there, as far as tools told.\n');
    return 0;
  });
}

function snapshots(io: Io, options: SnapshotsOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id: session, cwd } = await findSession(client, name);
    const { call, path, changes } = options;
    const run = await runOf(client, session, options.run);
    const entries = await pages(client, wholeNumber(options.limit, '--limit'), {
      session,
      changes,
      ...given({ run, call, path }),
    });
    if (options.json === true) for (const entry of entries) io.out(`${jsonLine(entry)}\n`);
    else if (entries.length === 0) io.err('No file is like that.\n');
    else {
      const view = { now: io.now(), cwd, look: lookOf(io, options) };
      io.out(`${renderSnapshots(cleanAll(entries), view).join('\n')}\n`);
    }
    return 0;
  });
}

async function pages(
  client: Client,
  wanted: number,
  input: InputOf<'snapshots.list'>,
): Promise<readonly EntryOf<'snapshot'>[]> {
  const found: EntryOf<'snapshot'>[] = [];
  const count = Math.min(most, wanted);
  for (let cursor: string | null | undefined; cursor !== null && found.length < count;) {
    const limit = Math.min(200, count - found.length);
    const page: OutputOf<'snapshots.list'> = await client.snapshots.list({
      ...input,
      limit,
      ...given({ cursor }),
    });
    found.push(...(page.snapshots as readonly EntryOf<'snapshot'>[]));
    cursor = page.next;
  }
  return found;
}

/** A run by its id, or the latest one. */
async function runOf(
  client: Client,
  session: string,
  named: string | undefined,
): Promise<string | undefined> {
  if (named !== 'last' && named !== '-') return named;
  const [run] = (await client.runs.list({ session, limit: 1 })).runs;
  if (run === undefined) throw refuse('not_found', 'The session has no run yet.');
  return run.id;
}

export interface RestoreOptions extends Common {
  run?: string;
  snapshot?: string;
  to?: 'before' | 'after';
  force?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** Files of a session and not the session itself: said by naming a run or a snapshot. */
export function restoresFiles({ run, snapshot }: RestoreOptions): boolean {
  return run !== undefined || snapshot !== undefined;
}

export function addRestoreOptions(command: Command): Command {
  return command
    .argument('[paths...]', 'with --run: only these files')
    .option(
      '--run <run>',
      'put the files of a run back as they were before it; `last` for the latest',
    )
    .option('--snapshot <entry>', 'put one file back as it was before that')
    .addOption(new Option('--to <side>', 'before or after it').choices(['before', 'after']))
    .option('--force', 'also files that are not as the agent left them, and while it works')
    .option('--dry-run', 'say what would be done');
}

export function restoreFiles(
  io: Io,
  options: RestoreOptions,
  { name, paths }: { name: string; paths: readonly string[] },
): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id: session, cwd } = await findSession(client, name);
    const { snapshot, to, force, dryRun } = options;
    const run = await runOf(client, session, options.run);
    const gone = await goneBefore(client, { session, run, snapshot, to });
    const value = await client.snapshots.restore({
      session,
      ...given({ run, snapshot, to, force, dryRun }),
      ...(paths.length === 0 ? {} : { paths: [...paths] }),
    });
    const lines = renderRestored(cleanAll(value.files), {
      cwd,
      dryRun: dryRun === true,
      look: lookOf(io, options),
      gone,
    });
    answer(io, options, { value, lines });
    const done = value.files.some(({ outcome }) => outcome === 'restored');
    if (done && dryRun !== true && options.json !== true) io.err(undoText(session));
    if (value.files.length === 0) io.err(`No file of ${oneLine(session)} was written there.\n`);
    const fine = value.files.every(({ outcome }) => outcome === 'restored' || outcome === 'same');
    return fine ? 0 : 1;
  });
}

interface Goal {
  session: string;
  run: string | undefined;
  snapshot: string | undefined;
  to: 'before' | 'after' | undefined;
}

/** Files that were not there at the time that is meant: to put them back is to remove them. */
async function goneBefore(client: Client, goal: Goal): Promise<ReadonlySet<string>> {
  const { session, run, snapshot, to = 'before' } = goal;
  if (run !== undefined) {
    const { files } = await client.snapshots.diff({ session, run });
    return new Set(files.filter((file) => file[to].state === 'absent').map(({ path }) => path));
  }
  if (snapshot === undefined) return new Set();
  const { snapshot: entry } = await client.snapshots.get({ session, snapshot });
  const { path, [to]: side } = (entry as EntryOf<'snapshot'>).data;
  return new Set(side?.state === 'absent' ? [path] : []);
}

function undoText(session: string): string {
  return `\`turnkeep snapshots ${session}\` shows what was there; \`restore --snapshot\` of that brings it back.\n`;
}
