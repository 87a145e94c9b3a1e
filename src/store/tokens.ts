import { refuse } from '../domain/refusal.ts';
import type { TokenRow } from '../ports/store.ts';
import type { Connection } from './connection.ts';
import { hostFacts } from './hosts.ts';
import { readLog } from './session-row.ts';

interface StoredToken {
  id: string;
  name: string;
  digest: string;
  user: string | null;
  scopes: string;
  sessions: string | null;
  host: string | null;
  epoch: number | null;
  organization: string | null;
  used_at: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

function tokenRow(row: StoredToken): TokenRow {
  return {
    id: row.id,
    name: row.name,
    digest: row.digest,
    user: row.user,
    scopes: JSON.parse(row.scopes) as string[],
    sessions: row.sessions === null ? null : (JSON.parse(row.sessions) as string[]),
    ...(row.host === null ? {} : { host: row.host }),
    ...(row.epoch === null ? {} : { epoch: row.epoch }),
    ...(row.organization === null ? {} : { organization: row.organization }),
    ...(row.used_at === null ? {} : { usedAt: row.used_at }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

export function createToken(connection: Connection, token: TokenRow): void {
  const inserted = connection.transaction(() => {
    if (token.host !== undefined && hostFacts(connection, token.host) === undefined)
      throw refuse('conflict', `The host ${token.host} is not open: it gets no token.`);
    return connection.run(
      `INSERT INTO tokens (id, name, digest, user, scopes, sessions, host, epoch, organization, used_at,
         created_at, expires_at, revoked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      token.id,
      token.name,
      token.digest,
      token.user,
      JSON.stringify(token.scopes),
      token.sessions === null ? null : JSON.stringify(token.sessions),
      token.host ?? null,
      epochOf(connection, token),
      token.organization ?? null,
      token.usedAt ?? null,
      token.createdAt,
      token.expiresAt,
      token.revokedAt,
    );
  });
  if (inserted === 0)
    throw refuse('conflict', `There is a token ${token.id} or one with its digest.`);
}

/** In the transaction that makes the token: who takes over after it fences it. */
function epochOf(connection: Connection, { sessions, host }: TokenRow): number | null {
  const [session] = sessions ?? [];
  if (session === undefined || sessions?.length !== 1 || host !== undefined) return null;
  return readLog(connection, session)?.epoch ?? 1;
}

export function tokenByDigest(connection: Connection, digest: string): TokenRow | undefined {
  const row = connection.get<StoredToken>('SELECT * FROM tokens WHERE digest = ?', digest);
  return row && tokenRow(row);
}

export function listTokens(connection: Connection): TokenRow[] {
  return connection.all<StoredToken>('SELECT * FROM tokens ORDER BY created_at, id').map(tokenRow);
}

/** `at` and `until` are ISO 8601 UTC. */
export function useToken(connection: Connection, id: string, at: string, until: string): void {
  const sql = 'UPDATE tokens SET used_at = ?, expires_at = ? WHERE id = ? AND revoked_at IS NULL';
  connection.transaction(() => connection.run(sql, at, until, id));
}

export function revokeToken(connection: Connection, id: string, at: string): boolean {
  const sql = 'UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL';
  return connection.transaction(() => connection.run(sql, at, id)) > 0;
}
