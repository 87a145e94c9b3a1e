import { randomBytes } from 'node:crypto';
import { lstat, mkdir, writeFile } from 'node:fs/promises';
import { tokenDigest } from '../api/tokens.ts';
import { hostPaths } from '../hosts/directory/layout.ts';
import type { OpenSpec } from '../ports/agent.ts';
import type { Clock } from '../ports/clock.ts';
import type { TokenStore } from '../ports/store.ts';
import type { StateDirectory } from './state-directory.ts';
import { refuse } from '../domain/refusal.ts';

/** Bytes of a Unix socket's path that every system takes. */
const maxSocketPathBytes = 103;

/**
 * That the daemon can listen where its hosts will look for it, now and after every restart. A socket that a
 * killed daemon left is replaced later; what else is there is nobody's to remove.
 */
export async function checkSocketPath(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxSocketPathBytes) {
    const least = bytes - maxSocketPathBytes;
    throw refuse(
      'invalid',
      `The path of the state directory is too long by ${least} bytes: the socket ${path} could not be opened.`,
    );
  }
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (stat?.isSocket() === false) {
    throw refuse('invalid', `${path} is no socket, and the daemon listens there: move it away.`);
  }
}

export interface InsideParts {
  directory: StateDirectory;
  tokens: TokenStore;
  clock: Clock;
}

/**
 * What a host is given to act as its session: where the daemon listens, which session it is, and a token of
 * its own. The secret is in that file only. The store keeps the token while it keeps the host, so that a
 * crash between any two steps leaves no token that nobody takes back.
 */
export async function insideEnvironment(
  { directory, tokens, clock }: InsideParts,
  { host, session }: OpenSpec,
): Promise<{ readonly [name: string]: string }> {
  const secret = `tk_${randomBytes(32).toString('base64url')}`;
  const paths = hostPaths(directory.hosts, host);
  await mkdir(paths.directory, { recursive: true, mode: 0o700 });
  await writeFile(paths.token, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  await tokens.create({
    // A host has one token: what it did in the log names the host.
    id: host,
    name: 'inside',
    digest: tokenDigest(secret),
    user: null,
    scopes: ['inside'],
    sessions: [session],
    host,
    createdAt: new Date(clock.now()).toISOString(),
    expiresAt: null,
    revokedAt: null,
  });
  return {
    TURNKEEP_SOCKET: directory.socket,
    TURNKEEP_SESSION: session,
    TURNKEEP_TOKEN_FILE: paths.token,
  };
}
