import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { tokenDigest } from '../api/tokens.ts';
import type { Clock } from '../ports/clock.ts';
import type { TokenStore } from '../ports/store.ts';
import { ownTokenName } from '../protocol/operations/tokens-create.ts';
import { replaceFile, type StateDirectory } from './state-directory.ts';
import { refuse } from '../domain/refusal.ts';

const secretPattern = /^tk_[A-Za-z0-9_-]{43}$/;

/** The secret of the installation's own token, made at the first start; only its user may read it. */
export async function ownSecret(directory: StateDirectory): Promise<string> {
  const known = (await readTokenFile(directory.tokenFile)).trim();
  // A file that a crash left empty is replaced; nobody has used it.
  if (known === '') return newSecret(directory);
  if (secretPattern.test(known)) return known;
  throw refused(directory.tokenFile, 'holds no token: remove it, and a new one is made');
}

/**
 * The installation's own token may do everything; only its digest is kept. It is rotated by removing its
 * file before a start, or by revoking it: the secret that the file held before opens nothing any more.
 */
export async function rememberOwnToken(
  directory: StateDirectory,
  tokens: TokenStore,
  clock: Clock,
): Promise<void> {
  const digest = tokenDigest(await ownSecret(directory));
  const row = await tokens.byDigest(digest);
  const current =
    row === undefined || row.revokedAt === null ? digest : tokenDigest(await newSecret(directory));
  const at = new Date(clock.now()).toISOString();
  for (const other of await tokens.list()) {
    const earlier = other.name === ownTokenName && other.digest !== current;
    if (earlier && other.revokedAt === null) await tokens.revoke(other.id, at);
  }
  if (row?.digest === current) return;
  await tokens.create({
    id: clock.newId(),
    name: ownTokenName,
    digest: current,
    user: null,
    scopes: ['admin'],
    sessions: null,
    createdAt: at,
    expiresAt: null,
    revokedAt: null,
  });
}

async function newSecret({ tokenFile }: StateDirectory): Promise<string> {
  const secret = `tk_${randomBytes(32).toString('base64url')}`;
  await replaceFile(tokenFile, `${secret}\n`);
  return secret;
}

/** Follows no link and waits for no pipe; empty where there is no file. */
async function readTokenFile(path: string): Promise<string> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      if (error.code === 'ELOOP') throw refused(path, 'is a symbolic link: remove it');
      throw error;
    },
  );
  if (file === null) return '';
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refused(path, 'is no file: remove it');
    if (stat.uid !== process.getuid?.()) throw refused(path, 'belongs to another user: remove it');
    if ((stat.mode & 0o077) !== 0) {
      throw refused(path, 'can be read by others: remove it for a new token, or chmod 600 it');
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function refused(path: string, why: string): Error {
  return refuse('invalid', `The token file ${path} ${why}.`);
}
