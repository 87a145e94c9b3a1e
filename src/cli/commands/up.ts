import path from 'node:path';
import type { Command } from 'commander';
import type { Daemon, DaemonOptions } from '../../app/daemon.ts';
import { refuse } from '../../domain/refusal.ts';
import { type Common, findDaemon, type Ready, startInBackground, stateOf } from '../connect.ts';
import { jsonLine } from '../clean.ts';
import type { Act } from '../act.ts';
import type { Io } from '../io.ts';
import { readKey } from '../keys.ts';
import { renderShutRuns } from '../render/shut-runs.ts';

interface UpOptions extends Common {
  port?: string;
  host?: string;
  agent?: string;
  trust?: string[];
  detach?: boolean;
  json?: boolean;
}

export function addUp(program: Command, act: Act): void {
  program
    .command('up')
    .description('Start the daemon and stay with it; Ctrl-C ends it.')
    .option('--port <port>', 'port to listen on; 0 takes a free one')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--agent <name>', 'agent of sessions that name none')
    .option(
      '--trust <dir...>',
      'directories whose own settings, hooks and MCP servers agents may use',
    )
    .option('--detach', 'start it in the background and return when it serves')
    .option('--json', 'print one line {"url","pid","tokenFile"} when it serves; logs go to stderr')
    .action(act(up));
}

async function up(io: Io, options: UpOptions): Promise<number> {
  const state = stateOf(io, options);
  const running = await findDaemon(state);
  if (running !== null) {
    tell(
      io,
      options,
      running,
      `A daemon is already running at ${running.url} (pid ${running.pid})${otherPort(options, running)}.`,
    );
    return 0;
  }
  if (options.detach === true) {
    const ready = await startInBackground(io, ['--state', state, ...forwarded(io, options)]);
    tell(io, options, ready, `Turnkeep runs in the background at ${ready.url} (pid ${ready.pid}).`);
    return 0;
  }
  return serve(io, options, state);
}

/** The port that was asked for is not the one that is served: said, and not changed behind one's back. */
function otherPort({ port }: UpOptions, running: Ready): string {
  if (port === undefined || port === '0' || new URL(running.url).port === port) return '';
  return `; port ${port} is not used, \`turnkeep stop\` ends that daemon first`;
}

function forwarded(io: Io, options: UpOptions): string[] {
  const named = (['port', 'host', 'agent'] as const).flatMap((name) => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
  return [...named, ...trusted(io, options).flatMap((directory) => ['--trust', directory])];
}

function trusted(io: Io, { trust = [] }: UpOptions): string[] {
  return trust.map((directory) => path.resolve(io.cwd, directory));
}

function tell(io: Io, options: UpOptions, ready: Ready, sentence: string): void {
  const { url, pid, tokenFile } = ready;
  io.out(options.json === true ? `${jsonLine({ url, pid, tokenFile })}\n` : `${sentence}\n`);
}

async function serve(io: Io, options: UpOptions, state: string): Promise<number> {
  const { startDaemon } = await import('../../app/daemon.ts');
  const daemon = await startDaemon(daemonOptions(io, options, state));
  tell(io, options, daemon, `Turnkeep listens at ${daemon.url}`);
  if (options.json !== true) {
    io.out(`State and token: ${state}\n\n`);
    io.out('In another terminal:  turnkeep run "what does this project do?"\n');
    io.out('                      turnkeep ls\n\nCtrl-C ends it.\n');
  }
  await endedBySignal(io, daemon);
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
  return {
    state,
    ...(port === undefined ? {} : { port }),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.agent === undefined ? {} : { defaultAgent: options.agent }),
    trusted: trusted(io, options),
  };
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
    const open = await daemon.openRuns();
    if (asking !== null || open === 0 || !io.inIsTty) {
      asking?.abort();
      return end('stop');
    }
    asking = new AbortController();
    io.err(
      `\n${open} run${open === 1 ? ' is' : 's are'} open: s or Ctrl-C stop · d leave working · other keys go on\n`,
    );
    const key = await readKey(io, asking.signal).catch(() => '');
    asking = null;
    if (key === 's' || key === '\u0003') await end('stop');
    if (key === 'd') await end('detach');
  };
  const detach = () => void end('detach').catch(failed);
  const off = io.onInterrupt(() => void interrupted().catch(failed));
  process.on('SIGTERM', detach);
  process.on('SIGHUP', detach);
  return daemon.ended.finally(() => {
    off();
    process.off('SIGTERM', detach);
    process.off('SIGHUP', detach);
  });
}
