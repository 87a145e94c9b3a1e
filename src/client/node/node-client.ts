import { readFile } from 'node:fs/promises';
import { refuse } from '../../domain/refusal.ts';
import { type Client, createClient } from '../client.ts';
import { nodeSocket } from './node-socket.ts';
import {
  type Environment,
  readDaemonRecord,
  stateDirectory,
  tokenFileOf,
} from './state-directory.ts';
import { unixFetch } from './unix-fetch.ts';

export interface NodeClientOptions {
  /** State directory of the daemon; its `daemon.json` says where it listens. */
  state?: string;
  url?: string;
  tokenFile?: string;
  /** Unix socket to reach the daemon by. */
  socket?: string;
  name?: string;
  env?: Environment;
}

/**
 * A client of a daemon of this machine, or of the one that the environment names (`TURNKEEP_SOCKET`,
 * `TURNKEEP_URL`, `TURNKEEP_TOKEN_FILE`, `TURNKEEP_STATE`). What is given wins over the environment.
 */
export async function nodeClient(options: NodeClientOptions = {}): Promise<Client> {
  const env = options.env ?? process.env;
  const named = options.state !== undefined || options.url !== undefined;
  const state = options.state ?? stateDirectory(env);
  const record = await readDaemonRecord(state);
  const socket = options.socket ?? (named ? undefined : env['TURNKEEP_SOCKET']);
  const givenUrl = options.url ?? (options.state === undefined ? env['TURNKEEP_URL'] : undefined);
  const url = givenUrl ?? (socket === undefined ? record?.url : 'http://localhost');
  if (url === undefined) {
    throw refuse('unavailable', `No daemon serves ${state}. Start one with \`turnkeep up\`.`);
  }
  const givenFile =
    options.tokenFile ?? (options.state === undefined ? env['TURNKEEP_TOKEN_FILE'] : undefined);
  const tokenFile = givenFile ?? tokenFileOf(state, record);
  return createClient({
    url,
    // Only what daemon.json said can change; what was named stays.
    ...(url === record?.url
      ? { locate: async () => (await readDaemonRecord(state))?.url ?? url }
      : {}),
    token: () => readToken(tokenFile),
    WebSocket: nodeSocket(socket),
    ...(socket === undefined ? {} : { fetch: unixFetch(socket) }),
    ...(options.name === undefined ? {} : { name: options.name }),
  });
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw refuse('unauthenticated', `The token file ${file} cannot be read (${why}).`);
  }
}
