import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Host, LaunchError, type LaunchSpec } from '../../ports/hosts.ts';
import { readClaim, readExit, readGroup } from '../directory/claim.ts';
import { type HostPaths, hostPaths } from '../directory/layout.ts';
import { errorCode } from '../directory/system-error.ts';
import { AttachedHost, type Warn } from '../host.ts';
import { marker, type Processes } from '../platform/processes.ts';
import { DirectoryWatch } from '../watch/directory-watch.ts';
import { checkProgram } from './program.ts';
import { relayScript, wrapperName, wrapperScript, wrapperStatus } from './wrapper.ts';

const shell = '/bin/sh';
/** With more hosts than this, the relays of the next ones poll: editors want some of the 128, too. */
const watchingRelays = 64;

export interface LaunchContext {
  readonly directory: string;
  readonly processes: Processes;
  readonly warn: Warn;
}

/** Directory, files, wrapper, its claim, the agent: each step can be the last, and recovery sees which. */
export async function launch(context: LaunchContext, spec: LaunchSpec): Promise<Host> {
  const paths = hostPaths(context.directory, spec.host);
  const program = await checkProgram(spec);
  try {
    await prepare(paths);
  } catch (error) {
    throw launchError('cannot make the files of the host', error);
  }
  if ((await readClaim(paths)) !== undefined) {
    throw new LaunchError('other', `host ${spec.host} has been claimed already`);
  }
  const watch = new DirectoryWatch(paths.directory, context.warn);
  try {
    return await start(context, { spec, program, paths, watch });
  } catch (error) {
    watch.close();
    throw error;
  }
}

interface Start {
  spec: LaunchSpec;
  program: string;
  paths: HostPaths;
  watch: DirectoryWatch;
}

async function start(context: LaunchContext, launching: Start): Promise<Host> {
  const { paths, spec, watch } = launching;
  const wrapper = await spawnWrapper(context, launching);
  const claimed = await when(watch, wrapper, async () => {
    const claim = await readClaim(paths);
    return claim?.by === 'wrapper' && claim.process.pid === wrapper.child.pid ? claim : undefined;
  });
  if (claimed === undefined) throw await unclaimed(paths, wrapper);
  const host = new AttachedHost(
    {
      id: spec.host,
      paths,
      wrapper: claimed.process,
      bootId: claimed.bootId,
      otherBoot: false,
      processes: context.processes,
      warn: context.warn,
    },
    watch,
  );
  const group = await when(watch, wrapper, () => readGroup(paths));
  if (group !== undefined && (await becomesAgent(context, launching, wrapper, group.agent))) {
    // From now on it is the machine's: it keeps no daemon alive, and needs none.
    wrapper.child.unref();
    return host.attach();
  }
  const proof = await host.sweep();
  const reason = (await host.stderrTail(2000)).trim();
  host.release();
  const rest = proof.gone ? '' : ' (and left processes that cannot be ended)';
  throw new LaunchError(
    'other',
    `the program did not start: ${reason || 'no reason given'}${rest}`,
  );
}

/** A directory of a host that nobody claimed is used again: making it was not the first act of the host. */
async function prepare(paths: HostPaths): Promise<void> {
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  for (const path of [paths.input, paths.spool, paths.errors]) {
    await (await open(path, 'a', 0o600)).close();
  }
}

interface Wrapper {
  readonly child: ChildProcess;
  /** Its status, as far as this daemon sees it. */
  readonly exited: Promise<number | null>;
  hasExited: boolean;
}

async function spawnWrapper(context: LaunchContext, launching: Start): Promise<Wrapper> {
  const { spec, program, paths } = launching;
  const relay = await relayArguments(context);
  const own = [paths.directory, spec.env['PWD'] ?? '', ...relay];
  const args = ['-c', wrapperScript, wrapperName, ...own, program, ...spec.args];
  const errors = await open(paths.errors, 'a');
  try {
    const child = spawn(shell, args, {
      cwd: spec.cwd,
      env: { ...spec.env, [marker]: spec.host },
      detached: true,
      stdio: ['ignore', 'ignore', errors.fd],
    });
    const { promise, resolve } = Promise.withResolvers<number | null>();
    const wrapper: Wrapper = { child, exited: promise, hasExited: false };
    child.once('exit', (status) => {
      wrapper.hasExited = true;
      resolve(status);
    });
    await new Promise<void>((started, failed) => {
      child.once('spawn', started);
      child.once('error', failed);
    });
    return wrapper;
  } catch (error) {
    // Told again: the directory may have vanished since it was looked at.
    await checkProgram(spec);
    throw launchError('cannot start the shell', error);
  } finally {
    await errors.close();
  }
}

/** What the wrapper needs for its relay: the script and what runs it, or how to ask `tail` to poll. */
async function relayArguments(context: LaunchContext): Promise<readonly string[]> {
  if (!(await context.processes.tailWaits())) return [process.execPath, relayScript, ''];
  const hosts = await readdir(context.directory);
  return ['', '', hosts.length > watchingRelays ? '---disable-inotify' : ''];
}

/** What `look` finds, as soon as it finds it; nothing if the wrapper ends and it still does not. */
async function when<Found>(
  watch: DirectoryWatch,
  wrapper: Wrapper,
  look: () => Promise<Found | undefined>,
): Promise<Found | undefined> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = watch.listen({ changed: () => resolve(), poll: () => resolve() });
    try {
      const over = wrapper.hasExited;
      const found = await look();
      if (found !== undefined || over) return found;
      await Promise.race([promise, wrapper.exited]);
    } finally {
      stop();
    }
  }
}

/**
 * Whether the process that wrote `group` became the program. It has not yet while its command line is the
 * wrapper's or that of what makes its session; it never will if the wrapper says 126 or 127 before that.
 */
async function becomesAgent(
  context: LaunchContext,
  launching: Start,
  wrapper: Wrapper,
  agent: number,
): Promise<boolean> {
  for (;;) {
    const over = wrapper.hasExited;
    const line = await context.processes.commandLine(agent);
    const exit = await readExit(launching.paths);
    if (exit !== undefined) return ![126, 127].includes(exit.status) || (await wrote(launching));
    // Without a command line it is between two lives, or this platform does not show it.
    if (line === undefined && context.processes.proof === 'sampled') return true;
    if (line !== undefined && line.length > 0 && !isWrapper(line, launching.program)) return true;
    if (over) return false;
    await delay(1);
  }
}

function isWrapper(line: readonly string[], program: string): boolean {
  if (line.includes(wrapperScript)) return true;
  const [first, second, third] = line;
  if (first === '/usr/bin/env' && second === '-u' && third === 'SHLVL') return true;
  return first?.endsWith('/setsid') === true && second === program;
}

async function wrote({ paths }: Start): Promise<boolean> {
  const file = await open(paths.spool, 'r');
  try {
    return (await file.stat()).size > 0;
  } finally {
    await file.close();
  }
}

async function unclaimed(paths: HostPaths, wrapper: Wrapper): Promise<LaunchError> {
  const status = await wrapper.exited;
  if (status === wrapperStatus.claimedByOther) {
    const claim = await readClaim(paths);
    return new LaunchError('other', `the host was claimed by another (${claim?.by ?? 'gone'})`);
  }
  if (status === wrapperStatus.notWritten) {
    return new LaunchError('no-space', 'the claim of the host could not be written');
  }
  return new LaunchError(
    'other',
    `the wrapper ended before it claimed the host (status ${status})`,
  );
}

function launchError(what: string, error: unknown): LaunchError {
  if (error instanceof LaunchError) return error;
  const full = ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '');
  const message = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  return new LaunchError(full ? 'no-space' : 'other', message);
}
