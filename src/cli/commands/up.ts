import path from 'node:path';
import type { Command } from 'commander';
import type { Daemon, DaemonOptions } from '../../app/daemon.ts';
import { refuse } from '../../domain/refusal.ts';
import { type Common, findDaemon, type Ready, startInBackground, stateOf } from '../connect.ts';
import { jsonLine } from '../clean.ts';
import { type ConsoleLink, consoleLink, linkTo, type NoLink, renderLink } from '../console-link.ts';
import type { Act } from '../act.ts';
import { timerDuration } from '../duration.ts';
import type { Io } from '../io.ts';
import { readKey } from '../keys.ts';
import { given } from '../pairs.ts';
import { renderShutRuns } from '../render/shut-runs.ts';
import { wholeNumber } from '../whole-number.ts';

interface UpOptions extends Common {
  port?: string;
  host?: string;
  publicUrl?: string;
  agent?: string;
  trust?: string[];
  idleAfter?: string;
  stalledAfter?: string;
  snapshotBytes?: string;
  detach?: boolean;
  json?: boolean;
}

export function addUp(program: Command, act: Act): void {
  program
    .command('up')
    .description('Start the daemon and stay with it; Ctrl-C ends it.')
    .option(
      '--port <port>',
      'port to listen on; 0 takes a free one (default: the last one, if it is free)',
    )
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--public-url <url>', 'where the console is reached from elsewhere: https://…')
    .option('--agent <name>', 'agent of sessions that name none')
    .option(
      '--trust <dir...>',
      'directories whose own settings, hooks and MCP servers agents may use',
    )
    .option(
      '--idle-after <time>',
      'stop an agent that has had nothing to do for so long (90s, 15m, 2h; 0 never; default: 15m)',
    )
    .option(
      '--stalled-after <time>',
      'report a working agent as stalled that is silent for so long (0 never; default: 5m)',
    )
    .option(
      '--snapshot-bytes <count>',
      'keep files before and after tool calls up to this size (0 none; default: 10 MiB)',
    )
    .option('--detach', 'start it in the background and return when it serves')
    .option(
      '--json',
      'print one line {"url","pid","tokenFile","console"} when it serves; logs go to stderr',
    )
    .action(act(up));
}

async function up(io: Io, options: UpOptions): Promise<number> {
  const state = stateOf(io, options);
  const asked = daemonOptions(io, options, state);
  const running = await findDaemon(state);
  if (running !== null) {
    demandPort(asked.port, running);
    const sentence = `A daemon is already running at ${running.url} (pid ${running.pid}).`;
    tell(io, options, { ...running, console: await linkTo(state, running.url) }, sentence);
    return 0;
  }
  if (options.detach === true) {
    const ready = await startInBackground(io, ['--state', state, ...forwarded(io, options)]);
    const sentence = `Turnkeep runs in the background at ${ready.url} (pid ${ready.pid}).`;
    tell(io, options, { ...ready, console: await linkTo(state, ready.url) }, sentence);
    return 0;
  }
  return serve(io, options, asked);
}

/** Another port than the one that is served was asked for: whoever did would look in the wrong place. */
function demandPort(port: number | undefined, running: Ready): void {
  if (port === undefined || port === 0 || Number(new URL(running.url).port) === port) return;
  throw refuse(
    'conflict',
    `A daemon is already running at ${running.url} (pid ${running.pid}), not at port ${port}: end it first with \`turnkeep stop\`.`,
  );
}

function forwarded(io: Io, options: UpOptions): string[] {
  const { port, host, publicUrl, agent, idleAfter, stalledAfter, snapshotBytes } = options;
  const values = {
    port,
    host,
    'public-url': publicUrl,
    agent,
    'idle-after': idleAfter,
    'stalled-after': stalledAfter,
    'snapshot-bytes': snapshotBytes,
  };
  const named = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  return [...named, ...trusted(io, options).flatMap((directory) => ['--trust', directory])];
}

function trusted(io: Io, { trust = [] }: UpOptions): string[] {
  return trust.map((directory) => path.resolve(io.cwd, directory));
}

interface Told extends Ready {
  console: ConsoleLink | NoLink;
}

function tell(io: Io, options: UpOptions, ready: Told, sentence: string): void {
  const { url, pid, tokenFile, console: made } = ready;
  if (options.json === true) {
    const link = 'why' in made ? null : (made.publicLink ?? made.link);
    io.out(`${jsonLine({ url, pid, tokenFile, console: link })}\n`);
    if ('why' in made) io.err(renderLink(made));
    return;
  }
  io.out(`${sentence}\n${renderLink(made)}`);
}

async function serve(io: Io, options: UpOptions, asked: DaemonOptions): Promise<number> {
  const { startDaemon } = await import('../../app/daemon.ts');
  const daemon = await startDaemon(asked);
  // Who reads that it serves may end it at once.
  const ended = endedBySignal(io, daemon);
  const { url } = daemon;
  const made = consoleLink(url, daemon.login());
  tell(io, options, { ...daemon, console: made }, `Turnkeep listens at ${url}`);
  if (options.json !== true) {
    io.out(`State and token: ${asked.state}\n\n`);
    io.out('In another terminal:  turnkeep run "what does this project do?"\n');
    io.out('                      turnkeep ls\n\nCtrl-C ends it.\n');
  }
  await ended;
  // The daemon has ended; what may still be open of it must not keep the process.
  setTimeout(() => process.exit(), lingerMs).unref();
  return 0;
}

const lingerMs = 2000;

function daemonOptions(io: Io, options: UpOptions, state: string): DaemonOptions {
  const port = options.port === undefined ? undefined : Number(options.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw refuse('invalid', `--port ${options.port} is no port; give 0 to 65535.`);
  }
  const timer = (text: string | undefined, option: string) =>
    text === undefined ? undefined : timerDuration(text, option);
  return {
    state,
    trusted: trusted(io, options),
    ...given({
      port,
      host: options.host,
      publicUrl: options.publicUrl === undefined ? undefined : publicOrigin(options.publicUrl),
      defaultAgent: options.agent,
      idleMs: timer(options.idleAfter, '--idle-after'),
      stallMs: timer(options.stalledAfter, '--stalled-after'),
      snapshotBytes:
        options.snapshotBytes === undefined
          ? undefined
          : wholeNumber(options.snapshotBytes, '--snapshot-bytes'),
    }),
  };
}

/** An origin: the console is at its root, and browsers tell no more of where a page is from. */
function publicOrigin(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.hash === '') {
    return url.origin;
  }
  throw refuse('invalid', `--public-url ${text} is no https address without a path.`);
}

/** SIGTERM and SIGHUP leave the hosts working; Ctrl-C ends them, and asks once where runs are open. */
function endedBySignal(io: Io, daemon: Daemon): Promise<void> {
  let ending = false;
  const end = async (mode: 'stop' | 'detach') => {
    if (ending) return;
    ending = true;
    const runs = await daemon.shutdown(mode);
    for (const line of renderShutRuns(mode, runs)) io.err(`${line}\n`);
  };
  const failed = (error: unknown) => io.err(`turnkeep: ${String(error)}\n`);
  let asking: AbortController | null = null;
  const interrupted = async () => {
    asking?.abort('stop');
    if (asking !== null) return;
    asking = new AbortController();
    const mode = await askHowToEnd(io, daemon, asking);
    asking = null;
    if (mode !== null) await end(mode);
  };
  const detach = () => void end('detach').catch(failed);
  const off = io.onInterrupt(() => void interrupted().catch(failed));
  process.on('SIGTERM', detach);
  process.on('SIGHUP', detach);
  return daemon.ended.finally(() => {
    asking?.abort('ended');
    off();
    process.off('SIGTERM', detach);
    process.off('SIGHUP', detach);
  });
}

const lookAgainMs = 250;

/**
 * What Ctrl-C is to do; null for nothing. The question holds only for as long as a run is open: when the last
 * one ends nothing is left to ask about, and the daemon ends as it does at Ctrl-C without a run.
 */
async function askHowToEnd(
  io: Io,
  daemon: Pick<Daemon, 'openRuns'>,
  asking: AbortController,
): Promise<'stop' | 'detach' | null> {
  const open = await daemon.openRuns();
  if (open === 0 || !io.inIsTty) return 'stop';
  const runs = `${open} run${open === 1 ? ' is' : 's are'} open`;
  io.err(`\n${runs}: s or Ctrl-C stop · d leave working · other keys go on\n`);
  const look = setInterval(() => {
    void daemon.openRuns().then(
      (left) => left === 0 && asking.abort('over'),
      // The daemon is ending, and with it the question.
      () => asking.abort('ended'),
    );
  }, lookAgainMs);
  try {
    const key = await readKey(io, asking.signal);
    if (key === 'd') return 'detach';
    if (key === 's' || key === '\u0003') return 'stop';
    io.err('It goes on.\n');
    return null;
  } catch (error) {
    if (!asking.signal.aborted) throw error;
    if (asking.signal.reason === 'ended') return null;
    if (asking.signal.reason === 'over') io.err('No run is open any more.\n');
    return 'stop';
  } finally {
    clearInterval(look);
  }
}
