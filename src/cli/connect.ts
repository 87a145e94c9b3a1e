import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { openStateDirectory } from '../app/state-directory.ts';
import type { Client } from '../client/client.ts';
import { nodeClient, type NodeClientOptions } from '../client/node/node-client.ts';
import { readDaemonRecord, stateDirectory, tokenFileOf } from '../client/node/state-directory.ts';
import { RefusalError, refuse } from '../domain/refusal.ts';
import type { SessionRow } from '../domain/row.ts';
import type { Io } from './io.ts';

/** Options that every command has. */
export interface Common {
  state?: string;
  url?: string;
  tokenFile?: string;
  color?: boolean;
  /** How the client names itself; entries that it causes carry it. */
  name?: string;
}

/** What programs read when a daemon is ready. */
export interface Ready {
  url: string;
  pid: number;
  tokenFile: string;
}

export function connect(io: Io, common: Common): Promise<Client> {
  const options: NodeClientOptions = { name: common.name ?? 'turnkeep', env: io.env };
  if (common.state !== undefined) options.state = path.resolve(io.cwd, common.state);
  if (common.url !== undefined) options.url = common.url;
  if (common.tokenFile !== undefined) options.tokenFile = path.resolve(io.cwd, common.tokenFile);
  return nodeClient(options);
}

/** Runs with a client, which is closed afterwards. */
export async function withClient<Result>(
  io: Io,
  common: Common,
  run: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect(io, common);
  try {
    return await run(client);
  } finally {
    client.close();
  }
}

export function stateOf(io: Io, common: Common): string {
  return common.state === undefined ? stateDirectory(io.env) : path.resolve(io.cwd, common.state);
}

/** The daemon that serves the state directory, null where none answers. */
export async function findDaemon(state: string): Promise<Ready | null> {
  const record = await readDaemonRecord(state);
  if (record === null) return null;
  const client = await nodeClient({ state, env: {} });
  try {
    await client.server.health({}, { tries: 1, timeoutMs: 2000 });
    return { url: record.url, pid: record.pid, tokenFile: tokenFileOf(state, record) };
  } catch (error) {
    if (error instanceof RefusalError && error.refusal.code === 'unavailable') return null;
    throw error;
  } finally {
    client.close();
  }
}

/** A client of the daemon of this machine, which is started in the background where none runs. */
export async function connectOrStart(io: Io, common: Common): Promise<Client> {
  const named = ['TURNKEEP_URL', 'TURNKEEP_SOCKET'].some((name) => (io.env[name] ?? '') !== '');
  if (common.url !== undefined || (named && common.state === undefined)) return connect(io, common);
  const state = stateOf(io, common);
  if ((await findDaemon(state)) === null) {
    const ready = await startInBackground(io, ['--state', state]);
    io.err(`Started a daemon in the background at ${ready.url} (end it with \`turnkeep stop\`).\n`);
  }
  return connect(io, { ...common, state });
}

/** Starts `turnkeep up` as a process of its own and waits until it serves. Its log is `daemon.log`. */
export async function startInBackground(io: Io, options: readonly string[]): Promise<Ready> {
  const state = options[options.indexOf('--state') + 1] ?? stateDirectory(io.env);
  await openStateDirectory(state);
  const logFile = path.join(state, 'daemon.log');
  const log = openSync(logFile, 'a', 0o600);
  const words = [...process.execArgv, io.script, 'up', '--json', ...options];
  const child = spawn(process.execPath, words, {
    detached: true,
    stdio: ['ignore', 'pipe', log],
    env: { ...io.env },
  });
  closeSync(log);
  const { stdout } = child as unknown as { stdout: Readable };
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      const why = lastWords(logFile) ?? `It ended with exit code ${code}`;
      reject(refuse('internal', `The daemon did not start: ${why} (log: ${logFile})`));
    });
  });
  stdout.destroy();
  child.unref();
  return JSON.parse(line) as Ready;
}

/** What a daemon that could not start said last. */
function lastWords(logFile: string): string | null {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const last = lines.findLast((line) => line.startsWith('turnkeep: '));
  return last === undefined ? null : last.slice('turnkeep: '.length);
}

/** The session that a person names: id, key, unique prefix, title, or `-` and `last` for the latest. */
export async function findSession(client: Client, name: string): Promise<SessionRow> {
  if (name !== '-' && name !== 'last') return (await client.sessions.resolve({ name })).session;
  const { sessions } = await client.sessions.list({ limit: 1 });
  if (sessions[0] === undefined) throw refuse('not_found', 'There is no session yet.');
  return sessions[0];
}
