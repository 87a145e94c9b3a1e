import type { Connection } from './connection.ts';
import { schemaEight } from './schema-budgets.ts';
import { schemaOne, schemaTwo } from './schema.ts';
import { fillFour, schemaFour } from './schema-lifecycle.ts';
import { schemaSix } from './schema-policies.ts';
import { schemaNine } from './schema-hooks.ts';
import { schemaTwelve } from './schema-logins.ts';
import { schemaEleven } from './schema-moves.ts';
import { schemaTen } from './schema-tokens.ts';
import { schemaThree } from './schema-raw.ts';
import { fillSeven, schemaSeven } from './schema-snapshots.ts';
import { fillFive, schemaFive } from './schema-usage.ts';

/** One step forward; `to` is the `user_version` after it. */
export interface Migration {
  to: number;
  sql: string;
  /** Writes what the new tables need to know of the old ones; in the same transaction. */
  fill?: (connection: Connection) => void;
}

/** Ordered, only ever appended to: a released step is never edited. */
export const migrations: readonly Migration[] = [
  { to: 1, sql: schemaOne },
  { to: 2, sql: schemaTwo },
  { to: 3, sql: schemaThree },
  { to: 4, sql: schemaFour, fill: fillFour },
  { to: 5, sql: schemaFive, fill: fillFive },
  { to: 6, sql: schemaSix },
  { to: 7, sql: schemaSeven, fill: fillSeven },
  { to: 8, sql: schemaEight },
  { to: 9, sql: schemaNine },
  { to: 10, sql: schemaTen },
  { to: 11, sql: schemaEleven },
  { to: 12, sql: schemaTwelve },
];

/**
 * Brings the database to the newest version, each step in its own transaction together with its number,
 * so that a kill in between leaves a whole version.
 */
export function migrate(connection: Connection, steps: readonly Migration[] = migrations): void {
  const newest = steps.at(-1)?.to ?? 0;
  const version =
    connection.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  if (version > newest) {
    throw new Error(
      `The database has format ${version}, this Turnkeep knows formats up to ${newest}: ` +
        'use the newer Turnkeep that wrote it.',
    );
  }
  for (const step of steps) {
    if (step.to <= version) continue;
    connection.transaction(() => {
      connection.db.exec(step.sql);
      step.fill?.(connection);
      connection.db.exec(`PRAGMA user_version = ${step.to}`);
    });
  }
}
