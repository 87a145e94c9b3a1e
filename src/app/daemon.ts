import { mkdir } from 'node:fs/promises';
import { builtInAgents, transcriptAgent } from '../agents/agents.ts';
import type { ClaudeOptions } from '../agents/claude/program.ts';
import type { CodexOptions } from '../agents/codex/program.ts';
import { type Api, createApi } from '../api/api.ts';
import { CodeLogins } from '../console/logins.ts';
import { openPages } from '../console/pages.ts';
import { Moves } from '../moves/moves.ts';
import { limits } from '../domain/limits.ts';
import { refuse } from '../domain/refusal.ts';
import { createEngine, type SessionEngine } from '../engine/create-engine.ts';
import type { ShutRun } from '../engine/engine.ts';
import { openFiles } from '../files/files.ts';
import { openFind } from '../files/find.ts';
import { openHosts } from '../hosts/hosts.ts';
import { fileMemories } from '../memory/memories.ts';
import type { AgentDriver } from '../ports/agent.ts';
import type { Hosts } from '../ports/hosts.ts';
import type { Store } from '../ports/store.ts';
import type { OutputOf } from '../protocol/operations.ts';
import { lockState } from '../store/lock.ts';
import { openStore } from '../store/open.ts';
import { type AgentChoices, agentOptions } from './agent-options.ts';
import { editorsAt } from './editors.ts';
import { agentEnvironment } from './environment.ts';
import { checkSocketPath, insideEnvironment } from './inside.ts';
import { openHooks, readHooksFile } from './hooks.ts';
import { LargeLines } from './large-lines.ts';
import { serverId } from './server-id.ts';
import { StoredPolicies } from './policies.ts';
import { PriceFile } from './prices.ts';
import { Prober } from './prober.ts';
import { directorySpace } from './space.ts';
import { rememberOwnToken } from './own-token.ts';
import {
  openStateDirectory,
  removeRecord,
  type StateDirectory,
  writeRecord,
} from './state-directory.ts';
import { systemClock } from './system-clock.ts';
import { rememberPort, usualPort } from './usual-port.ts';
import { version } from './version.ts';
import { workingDirectoryCheck } from './working-directory.ts';

export interface DaemonOptions extends Pick<AgentChoices, 'gemini' | 'opencode' | 'pi'> {
  /** The state directory: database, hosts, token. Made if it is not there. */
  state: string;
  /** Address to listen on; default 127.0.0.1. Another one than loopback is a decision of the operator. */
  host?: string;
  /** Port; 0 takes a free one. Default: the one that the last daemon of the directory had, if it is free. */
  port?: number;
  /** Where people reach the console from elsewhere, by a proxy with TLS: `https://box.example`. */
  publicUrl?: string;
  /** Agent of sessions that name none; default `scripted`. */
  defaultAgent?: string;
  /** Directory of sessions that name none; default none, then they are refused. */
  defaultCwd?: string;
  /**
   * Directories whose own settings, hooks, MCP servers and instructions agents may use, there and in all that
   * is in them; default none. A repository that is not among them cannot make an agent run anything unasked.
   */
  trusted?: readonly string[];
  /** A working agent that says nothing for this long is reported as stalled; default 5 minutes. */
  stallMs?: number;
  /** An idle host is stopped after this long and started again by the next prompt; default 15 minutes, 0 never. */
  idleMs?: number;
  /** Content of a file that is kept before and after an agent's tool calls; default 10 MiB, 0 for none. */
  snapshotBytes?: number;
  /** How Claude Code is started. Default: `claude` of the `PATH`, with the user's keys for it. */
  claude?: Omit<ClaudeOptions, 'trusted'>;
  /** How Codex is started. Default: `codex` of the `PATH`, with the user's keys for it. */
  codex?: Omit<CodexOptions, 'trusted'>;
  /** Told of what happens inside: one event with its data. Default: a line of JSON on stderr. */
  log?: (event: string, data: object) => void;
  /** A write or fsync failed: what is on the disk is not known. Default: the process ends at once. */
  onFatal?: (error: Error) => void;
}

export interface Daemon {
  url: string;
  pid: number;
  tokenFile: string;
  /** Resolves when the daemon has ended, however it was told to. */
  ended: Promise<void>;
  /** A code that logs one browser in to the console. */
  login(): OutputOf<'logins.create'>;
  /** Sessions whose run is open, for the question at Ctrl-C. */
  openRuns(): Promise<number>;
  shutdown(mode: 'stop' | 'detach'): Promise<readonly ShutRun[]>;
}

/** Composes and starts a daemon: the one place where its parts are made and put together. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const directory = await openStateDirectory(options.state);
  const unlock = lockState(directory.path);
  try {
    await checkSocketPath(directory.socket);
    return await compose(options, directory, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** An agent that nobody has would fail every session that names none. */
function checkAgent(name: string, drivers: readonly AgentDriver[]): void {
  const names = drivers.map((driver) => driver.profile.name);
  if (names.includes(name)) return;
  throw refuse('invalid', `There is no agent ${name}: choose one of ${names.join(', ')}.`);
}

async function compose(
  options: DaemonOptions,
  directory: StateDirectory,
  unlock: () => void,
): Promise<Daemon> {
  const clock = systemClock();
  const log = options.log ?? logLine;
  const startedAt = new Date().toISOString();
  const agents = await agentOptions(directory, options);
  const drivers = builtInAgents(agents);
  const defaultAgent = options.defaultAgent ?? 'scripted';
  checkAgent(defaultAgent, drivers);
  await mkdir(directory.scripted, { recursive: true, mode: 0o700 });
  // Before anything is opened: where it cannot be told who is to see entries, none is stored.
  const read = await readHooksFile(directory.hookFile);
  const { store, hosts } = await openStoreAndHosts(options, directory, log);
  const large = new LargeLines(agents);
  const defaultCwd = options.defaultCwd ?? null;
  const prober = new Prober({ log });
  const hooks = await openHooks(read, { store, clock, log });
  const prices = await PriceFile.open(directory.prices, log);
  // Hosts may end before there is an api; nobody has anything open by their tokens then.
  const faces: { api?: Api } = {};
  const server = await serverId(directory);
  const engine = createEngine({
    store,
    hosts,
    clock,
    drivers,
    defaultAgent,
    defaultCwd,
    checkDirectory: workingDirectoryCheck(directory.path),
    environment: async (driver, spec, variables) => ({
      ...agentEnvironment(process.env, driver.program(spec).env),
      ...variables,
      ...(await insideEnvironment({ directory, tokens: store.tokens, clock }, spec)),
    }),
    hostEnded: (host) => faces.api?.revoked(host),
    decodeLarge: (agent, state, line) => large.decode(agent, state, line),
    readLarge: (line) => large.read(line),
    policies: new StoredPolicies({
      store: store.policies,
      clock,
      stateDirectory: directory.path,
      log,
    }),
    probe: (driver) => prober.probe(driver),
    ...hooks.engine,
    prices,
    space: directorySpace(directory.path),
    snapshots: {
      files: openFiles({ closed: [directory.path] }),
      maxBytes: options.snapshotBytes ?? limits.snapshotBytes,
    },
    stallMs: options.stallMs ?? limits.stallMs,
    idleMs: options.idleMs ?? limits.idleMs,
    server,
    memories: fileMemories({ drivers, environment: agentEnvironment(process.env, {}) }),
    log,
  });
  const moves = new Moves({ engine, store, clock, server, random: () => Math.random(), log });
  const end = ending({ directory, store, engine, large, unlock });
  end.onClose(() => moves.close());
  end.onClose(() => prober.close());
  end.onClose(() => hooks.close());
  end.onClose(async () => prices.close());
  const logins = new CodeLogins(store.tokens, clock);
  const api = (faces.api = createApi({
    engine,
    store,
    clock,
    config: {
      version,
      server,
      startedAt,
      defaultCwd,
      transcripts: transcriptAgent,
      ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
    },
    pages: await openPages(),
    logins,
    hooks: hooks.ops,
    moves,
    findFiles: openFind({ closed: [directory.path], entries: limits.findEntries }),
    editors: editorsAt(directory.socket),
    shutdown: () => void end.close(),
    log: ({ event, error, ...data }) => log(event, { ...data, message: String(error) }),
  }));
  const { pid } = process;
  const { tokenFile } = directory;
  const listen = async (): Promise<string> => {
    const { host = '127.0.0.1' } = options;
    const port = options.port ?? (await usualPort(directory, host));
    const listening = await api.listen({ host, port, socketPath: directory.socket });
    end.onClose(() => listening.close(2000));
    await rememberPort(directory, listening.url);
    await writeRecord(directory, { url: listening.url, pid, tokenFile, startedAt, version });
    return listening.url;
  };
  void moves.recover().catch((error: unknown) => log('moves', { message: String(error) }));
  const url = await listen().catch(async (error: unknown) => {
    // It cannot serve, so it must not work either: the hosts are left to the next daemon.
    await engine.shutdown('detach');
    await end.close();
    throw error;
  });
  return {
    url,
    pid,
    tokenFile,
    ended: end.ended,
    login: () => ({ ...logins.issue({ admin: false }), origin: options.publicUrl ?? null }),
    openRuns: async () => (await store.runs({ open: true, limit: 200 })).runs.length,
    shutdown: async (mode) => {
      const runs = await engine.shutdown(mode);
      await end.close();
      return runs;
    },
  };
}

/** Both or neither: what stays open would keep the process that could not start. */
async function openStoreAndHosts(
  options: DaemonOptions,
  directory: StateDirectory,
  log: (event: string, data: object) => void,
): Promise<{ store: Store; hosts: Hosts }> {
  const store = await openStore({ dir: directory.path, onFatal: options.onFatal ?? endAtOnce });
  try {
    await rememberOwnToken(directory, store.tokens, systemClock());
    const hosts = await openHosts({
      directory: directory.hosts,
      archive: directory.archive,
      warn: (message) => log('host', { message: String(message) }),
    });
    return { store, hosts };
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Parts {
  directory: StateDirectory;
  store: Store;
  engine: SessionEngine;
  large: LargeLines;
  unlock: () => void;
}

/** The end of a daemon whose engine has shut down: listeners, store, record, lock; once. */
function ending(parts: Parts): {
  ended: Promise<void>;
  onClose(call: () => Promise<void>): void;
  close(): Promise<void>;
} {
  const closing: (() => Promise<void>)[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    for (const call of closing) await call();
    await parts.large.close();
    await parts.store.close();
    await removeRecord(parts.directory);
    parts.unlock();
    resolve();
  };
  return { ended, onClose: (call) => void closing.push(call), close: () => (closed ??= close()) };
}

function logLine(event: string, data: object): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...data })}\n`);
}

/** Nobody gets an answer any more: what was stored is found out at the next start. */
function endAtOnce(error: Error): void {
  process.stderr.write(`turnkeep: the store failed, ending: ${error.message}\n`);
  process.kill(process.pid, 'SIGKILL');
}
