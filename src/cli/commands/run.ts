import type { Command } from 'commander';
import path from 'node:path';
import type { Client } from '../../client/client.ts';
import { refuse } from '../../domain/refusal.ts';
import type { SessionRow } from '../../domain/row.ts';
import type { Act } from '../act.ts';
import { type Common, connectOrStart, findSession } from '../connect.ts';
import { followSession } from '../follow.ts';
import { type Io, lookOf } from '../io.ts';
import { readAll, readLine } from '../keys.ts';
import { jsonLine, oneLine } from '../clean.ts';

interface RunOptions extends Common {
  agent?: string;
  cwd?: string;
  session?: string;
  new?: boolean;
  model?: string;
  json?: boolean;
  partials?: boolean;
  detachAfter?: boolean;
}

export function addRun(program: Command, act: Act): void {
  program
    .command('run')
    .description('Give an agent a prompt and watch it work; without a prompt, talk with it.')
    .argument('[prompt]', 'what to do; read from stdin where that is piped')
    .option('--agent <name>', 'which agent (default: the daemon’s)')
    .option('--cwd <dir>', 'directory to work in (default: this one)')
    .option('--session <name>', 'go on with a session instead of a new one')
    .option('--new', 'begin a new session (the default)')
    .option('--model <name>', 'model of a new session')
    .option('--json', 'print entries, one JSON per line')
    .option('--partials', 'with --json: text in progress too')
    .option('--detach-after', 'return as soon as the prompt is accepted')
    .action(act(run));
}

async function run(io: Io, options: RunOptions, prompt: string | undefined): Promise<number> {
  if (options.session !== undefined && options.new === true) {
    throw refuse('invalid', 'Give --session or --new, not both.');
  }
  const text = prompt ?? (io.inIsTty ? null : await readAll(io));
  if (text !== null && text.trim() === '') throw refuse('invalid', 'The prompt is empty.');
  const client = await connectOrStart(io, options);
  try {
    const session = await openSession(client, io, options);
    if (text === null) return await talk(client, session, { io, options });
    const turn = await takeTurn(
      client,
      { id: session.id, after: session.lastSeq },
      { io, options, text },
    );
    return turn.code;
  } finally {
    client.close();
  }
}

async function openSession(client: Client, io: Io, options: RunOptions): Promise<SessionRow> {
  if (options.session !== undefined) return findSession(client, options.session);
  const { session } = await client.sessions.create({
    cwd: path.resolve(io.cwd, options.cwd ?? '.'),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    ...(options.model === undefined ? {} : { model: options.model }),
  });
  return session;
}

interface Turn {
  io: Io;
  options: RunOptions;
  text: string;
}

/** Sends a prompt and shows what comes of it. */
async function takeTurn(
  client: Client,
  session: { id: string; after: number },
  { io, options, text }: Turn,
): Promise<{ code: number; after: number }> {
  const sent = await client.sessions.send({ session: session.id, content: text });
  const queued = `Queued behind the run (position ${sent.position ?? sent.queued}).`;
  if (options.detachAfter === true) {
    const { id, seq } = sent.entry;
    if (options.json === true) io.out(`${jsonLine({ session: session.id, entry: { id, seq } })}\n`);
    else io.out(`${session.id}\n`);
    return { code: 0, after: seq };
  }
  const followed = await followSession({
    client,
    session: session.id,
    after: Math.max(session.after, sent.entry.seq - 1),
    io,
    look: lookOf(io, options),
    prompt: sent.entry.id,
    notes: sent.state === 'queued' ? [queued] : [],
    json: options.json === true,
    partials: options.partials === true,
  });
  if (followed.fate === 'detached') {
    io.err(`Left working. Come back with \`turnkeep attach ${session.id}\`.\n`);
  }
  // Leaving it working is what was asked for, as with `attach`.
  const good = followed.fate === 'completed' || followed.fate === 'detached';
  return { code: good ? 0 : 1, after: followed.lastSeq };
}

/** A conversation: one prompt after another, until Ctrl-D or `/exit`. */
async function talk(
  client: Client,
  session: SessionRow,
  { io, options }: { io: Io; options: RunOptions },
): Promise<number> {
  const look = lookOf(io, options);
  const name = oneLine(session.title ?? session.id);
  io.out(
    `${look.style.dim(`${session.agent} in ${oneLine(session.cwd)} · ${name} · /exit or Ctrl-D leaves`)}\n`,
  );
  let after = session.lastSeq;
  let code = 0;
  for (;;) {
    const line = await readLine(io, `${look.style.green('>')} `);
    if (line === null || line.trim() === '/exit') break;
    if (line.trim() === '') continue;
    ({ code, after } = await takeTurn(
      client,
      { id: session.id, after },
      { io, options, text: line },
    ));
  }
  io.err(`\nGo on later with \`turnkeep run --session ${session.id}\`.\n`);
  return code;
}
