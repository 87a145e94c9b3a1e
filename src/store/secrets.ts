import { refuse } from '../domain/refusal.ts';
import type { Secrets } from '../domain/settings.ts';
import type { Connection } from './connection.ts';
import { secretSeal } from './seal.ts';

/** Sets values by name; null takes one away. */
export function writeSecrets(
  connection: Connection,
  session: number,
  secrets: { readonly [name: string]: string | null },
): void {
  for (const [name, value] of Object.entries(secrets)) {
    if (value === null) {
      connection.run('DELETE FROM secrets WHERE session = ? AND name = ?', session, name);
      continue;
    }
    connection.run(
      'INSERT OR REPLACE INTO secrets (session, name, seal, value) VALUES (?, ?, ?, ?)',
      session,
      name,
      secretSeal(session, name, value),
      value,
    );
  }
}

interface StoredSecret {
  session: number;
  name: string;
  seal: number;
  value: string;
}

const selectSecrets = `SELECT session, name, seal & 4294967295 AS seal, value FROM secrets
  WHERE session = ?`;

/** Names of those that are not as they were written; never their values. */
export function damagedSecrets(connection: Connection, session: number): string[] {
  return connection
    .all<StoredSecret>(selectSecrets, session)
    .filter((row) => row.seal !== secretSeal(row.session, row.name, row.value))
    .map(({ name }) => name);
}

export function readSecrets(connection: Connection, session: string): Secrets {
  const num = connection.get<{ num: number }>('SELECT num FROM sessions WHERE id = ?', session);
  if (num === undefined) return {};
  const [damaged] = damagedSecrets(connection, num.num);
  if (damaged !== undefined) {
    throw refuse('internal', `The stored secret ${damaged} of session ${session} is damaged.`);
  }
  const rows = connection.all<StoredSecret>(selectSecrets, num.num);
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
