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
import { endStarted, ownClaim, type WrapperClaim } from './abandon.ts';
import { writeFiles } from './files.ts';
import { checkProgram } from './program.ts';
import { relayScript, wrapperName, wrapperScript, wrapperStatus } from './wrapper.ts';

const shell = '/bin/sh';
/** With more hosts than this, the relays of the next ones poll: editors want some of the 128, too. */
const watchingRelays = 64;

export interface LaunchContext {
  readonly directory: string;
  readonly processes: Processes;
  readonly warn: Warn;
  /** A launch that takes longer has failed. */
  readonly launchMs: number;
}

/** One launch. What it has made so far is here, also for the one who has to end it. */
interface Launching {
  readonly spec: LaunchSpec;
  readonly paths: HostPaths;
  /** Arguments that name the files of the launch. */
  files?: readonly string[];
  /** It has failed or is late: nothing more is started. */
  readonly over: AbortController;
  watch?: DirectoryWatch;
  wrapper?: Wrapper;
  host?: AttachedHost;
}

/** Rejects only when nothing is left of what it has started, as far as that can be brought about. */
export async function launch(context: LaunchContext, spec: LaunchSpec): Promise<Host> {
  const paths = hostPaths(context.directory, spec.host);
  const launching: Launching = { spec, paths, over: new AbortController() };
  try {
    return await inTime(context.launchMs, start(context, launching));
  } catch (error) {
    launching.over.abort();
    throw await failed(context, launching, error);
  }
}

async function failed(
  context: LaunchContext,
  launching: Launching,
  error: unknown,
): Promise<LaunchError> {
  const { wrapper, paths } = launching;
  const hostOf = (claim: WrapperClaim): AttachedHost => attached(context, launching, claim);
  const gone = wrapper === undefined || (await endStarted(context, { wrapper, paths, hostOf }));
  launching.host?.release();
  launching.watch?.close();
  const known = launchError('cannot follow the start', error);
  if (gone) return known;
  const rest = `${known.message} (and left processes that cannot be ended)`;
  return new LaunchError(known.reason, rest);
}

async function inTime<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new LaunchError('other', `the host did not start within ${ms / 1000} s`));
  }, ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Directory, files, wrapper, its claim, the agent: each step can be the last, and recovery sees which. */
async function start(context: LaunchContext, launching: Launching): Promise<Host> {
  const { paths, spec, over } = launching;
  const program = await checkProgram(spec);
  try {
    await prepare(paths);
    launching.files = await writeFiles(paths.files, spec.files ?? []);
  } catch (error) {
    throw launchError('cannot make the files of the host', error);
  }
  if ((await readClaim(paths)) !== undefined) {
    throw new LaunchError('other', `host ${spec.host} has been claimed already`);
  }
  over.signal.throwIfAborted();
  launching.watch = new DirectoryWatch(paths.directory, context.warn);
  const wrapper = await spawnWrapper(context, launching, program);
  const claim = await when(launching, wrapper, () => ownClaim(paths, wrapper.pid));
  if (claim === undefined) throw await unclaimed(paths, wrapper);
  const host = attached(context, launching, claim);
  const group = await when(launching, wrapper, () => readGroup(paths));
  const running = { launching, wrapper, program };
  if (group === undefined || !(await becomesAgent(context, running, group.agent))) {
    const reason = (await host.stderrTail(2000)).trim();
    throw new LaunchError('other', `the program did not start: ${reason || 'no reason given'}`);
  }
  // From now on it is the machine's: it keeps no daemon alive, and needs none.
  wrapper.child.unref();
  return host.attach();
}

function attached(context: LaunchContext, launching: Launching, claim: WrapperClaim): AttachedHost {
  const { processes, warn } = context;
  const { spec, paths } = launching;
  launching.watch ??= new DirectoryWatch(paths.directory, warn);
  launching.host ??= new AttachedHost(
    {
      id: spec.host,
      paths,
      wrapper: claim.process,
      bootId: claim.bootId,
      otherBoot: false,
      processes,
      warn,
    },
    launching.watch,
  );
  return launching.host;
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
  readonly pid: number;
  /** Its status, as far as this daemon sees it. */
  readonly exited: Promise<number | null>;
  hasExited: boolean;
}

async function spawnWrapper(
  context: LaunchContext,
  launching: Launching,
  program: string,
): Promise<Wrapper> {
  const { spec, paths, over } = launching;
  const relay = await relayArguments(context);
  const own = [paths.directory, spec.env['PWD'] ?? '', ...relay];
  const args = ['-c', wrapperScript, wrapperName, ...own, program, ...spec.args];
  args.push(...(launching.files ?? []));
  const errors = await open(paths.errors, 'a');
  try {
    over.signal.throwIfAborted();
    const child = spawn(shell, args, {
      cwd: spec.cwd,
      env: { ...spec.env, [marker]: spec.host },
      detached: true,
      stdio: ['ignore', 'ignore', errors.fd],
    });
    // Noted before anything else can fail.
    if (child.pid !== undefined) launching.wrapper = wrapperOf(child, child.pid);
    await new Promise<void>((started, refused) => {
      child.once('spawn', started);
      child.once('error', refused);
    });
    return launching.wrapper!;
  } catch (error) {
    // Told again: the directory may have vanished since it was looked at.
    await checkProgram(spec);
    throw launchError('cannot start the shell', error);
  } finally {
    await errors.close();
  }
}

function wrapperOf(child: ChildProcess, pid: number): Wrapper {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const wrapper: Wrapper = { child, pid, exited: promise, hasExited: false };
  child.once('exit', (status) => {
    wrapper.hasExited = true;
    resolve(status);
  });
  return wrapper;
}

/** What the wrapper needs for its relay: the script and what runs it, or how to ask `tail` to poll. */
async function relayArguments(context: LaunchContext): Promise<readonly string[]> {
  if (!(await context.processes.tailWaits())) return [process.execPath, relayScript, ''];
  const hosts = await readdir(context.directory);
  return ['', '', hosts.length > watchingRelays ? '---disable-inotify' : ''];
}

/** What `look` finds, as soon as it finds it; nothing if the wrapper ends and it still does not. */
async function when<Found>(
  { watch, over: { signal } }: Launching,
  wrapper: Wrapper,
  look: () => Promise<Found | undefined>,
): Promise<Found | undefined> {
  for (;;) {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = watch!.listen({ changed: () => resolve(), poll: () => resolve() });
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
  running: { launching: Launching; wrapper: Wrapper; program: string },
  agent: number,
): Promise<boolean> {
  const { wrapper, program } = running;
  const { paths, over: launchOver } = running.launching;
  for (;;) {
    launchOver.signal.throwIfAborted();
    const over = wrapper.hasExited;
    const line = await context.processes.commandLine(agent);
    const exit = await readExit(paths);
    if (exit !== undefined) return ![126, 127].includes(exit.status) || (await wrote(paths));
    // Without a command line it is between two lives, or this platform does not show it.
    if (line === undefined && context.processes.proof === 'sampled') return true;
    if (line !== undefined && line.length > 0 && !isWrapper(line, program)) return true;
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

async function wrote(paths: HostPaths): Promise<boolean> {
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
