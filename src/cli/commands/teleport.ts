import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client } from '../../client/client.ts';
import { refuse, RefusalError } from '../../domain/refusal.ts';
import { type OutputOf, operations } from '../../protocol/operations.ts';
import type { Act } from '../act.ts';
import { answer } from '../answer.ts';
import { oneLine } from '../clean.ts';
import { type Common, findSession, withClient } from '../connect.ts';
import type { Io } from '../io.ts';
import { given } from '../pairs.ts';
import { memoryText } from '../render/memory.ts';
import { sessionText } from './sessions.ts';

interface TeleportOptions extends Common {
  to: string;
  toTokenFile: string;
  cwd?: string;
  json?: boolean;
}

type Move = OutputOf<'moves.begin'>['move'];

const everyMs = 200;
const interrupted = 130;

export function addTeleport(program: Command, act: Act): void {
  program
    .command('teleport')
    .description(operations['moves.begin'].summary)
    .argument('<session>', sessionText)
    .requiredOption('--to <url>', 'where the other daemon is asked')
    .requiredOption('--to-token-file <file>', 'file with a token of the other daemon')
    .option('--cwd <dir>', 'where it goes on there, if not where it is here')
    .option('--json', 'print JSON')
    .action(act(teleport));
}

function teleport(io: Io, options: TeleportOptions, name: string): Promise<number> {
  return withClient(io, options, async (client) => {
    const { id } = await findSession(client, name);
    const token = await tokenIn(path.resolve(io.cwd, options.toTokenFile));
    const to = { url: options.to, token };
    const { move } = await client.moves.begin({ session: id, to, ...given({ cwd: options.cwd }) });
    const stopping = new AbortController();
    const release = io.onInterrupt(() => stopping.abort());
    try {
      const last = await followed(client, move, { io, signal: stopping.signal });
      return report(io, options, last, await isGiven(client, last));
    } finally {
      release();
    }
  });
}

async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw refuse('invalid', `The token file ${file} cannot be read (${why}).`);
  }
}

/** Until it has ended, or Ctrl-C: that lets it stay as long as it can. */
async function followed(
  client: Client,
  begun: Move,
  { io, signal }: { io: Io; signal: AbortSignal },
): Promise<Move> {
  const { session } = begun;
  let move = begun;
  let shown = false;
  while (move.endedAt === null) {
    if (signal.aborted) return cancelled(client, session, move);
    if (io.outIsTty) io.err(`\r${progressOf(move)}\u001B[K`);
    shown = io.outIsTty;
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
    const { moves } = await client.moves.list({ session });
    move = moves[0] ?? move;
  }
  if (shown) io.err('\r\u001B[K');
  return move;
}

async function cancelled(client: Client, session: string, move: Move): Promise<Move> {
  try {
    return (await client.moves.cancel({ session })).move;
  } catch (error) {
    const late = error instanceof RefusalError && error.refusal.code === 'conflict';
    if (!late) throw error;
    return { ...move, phase: 'activating' };
  }
}

function progressOf({ phase, entries, bytes, to, error }: Move): string {
  const url = oneLine(to.url);
  const trouble = error === null ? '' : ` (${oneLine(error.message)})`;
  if (phase === 'activating') return `moved; telling ${url}${trouble}`;
  if (phase === 'stopping') return `it stays here${trouble}`;
  const done = (bytes / 1024 / 1024).toFixed(1);
  return `moving to ${url}: ${entries.sent} of ${entries.total} entries, ${done} MiB${trouble}`;
}

/** Of a move that failed: whether it was given up before. Then it is only read here. */
async function isGiven(client: Client, { session, phase }: Move): Promise<boolean> {
  if (phase !== 'failed') return false;
  const { session: row } = await client.sessions.get({ session });
  return row.writer.state === 'moved';
}

function becameOf(session: string, url: string, isGone: boolean): string {
  if (!isGone) return `${session} was not moved to ${url}.`;
  return `${session} was given up to ${url}, which does not take it: give the same command again with what is missing.`;
}

function report(io: Io, options: TeleportOptions, move: Move, isGone: boolean): number {
  const { session, to, phase, error } = move;
  const url = oneLine(to.url);
  const why = error === null ? '' : ` ${oneLine(error.message)}`;
  switch (phase) {
    case 'done': {
      answer(io, options, { value: move, lines: [`${session} goes on at ${url}.`] });
      if (options.json !== true) for (const line of notesOf(move)) io.err(`${line}\n`);
      return 0;
    }
    case 'cancelled':
      answer(io, options, { value: move, lines: [`${session} stays here.`] });
      return interrupted;
    case 'activating':
      answer(io, options, {
        value: move,
        lines: [`${session} has moved to ${url}, which is told of it as soon as it answers.`],
      });
      return interrupted;
    default:
      if (options.json === true) answer(io, options, { value: move, lines: [] });
      throw refuse(codeOf(error?.code), `${becameOf(session, url, isGone)}${why}`);
  }
}

function codeOf(code: string | undefined): RefusalError['refusal']['code'] {
  return code === undefined ? 'unavailable' : (code as RefusalError['refusal']['code']);
}

/** What its new place lacks, so that it can be given there. */
function* notesOf({ memory, reason, stays }: Move): Generator<string> {
  if (memory !== null) {
    const why = reason === null || reason === '' ? '' : ` (${oneLine(reason)})`;
    yield `${memoryText[memory]}${why}`;
  }
  if (stays.secrets.length > 0) {
    yield `Values that stay here, to be set there: ${stays.secrets.map((one) => oneLine(one)).join(', ')}.`;
  }
  if (stays.directories.length > 0) {
    yield `Directories that have to be there: ${stays.directories.map((one) => oneLine(one)).join(', ')}.`;
  }
  if (stays.rules > 0) {
    yield `Rules of directories that stay here: ${stays.rules} (turnkeep policy).`;
  }
  if (stays.parent !== null) yield `Its parent stays here: ${stays.parent}.`;
  if (stays.base !== null) yield `What it was forked from stays here: ${stays.base}.`;
}
