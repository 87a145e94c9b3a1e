import type { Rule } from '../domain/policy.ts';
import { boundedRules } from '../domain/decide/approval.ts';
import { canonicalJson } from '../domain/json.ts';
import { refuse } from '../domain/refusal.ts';
import type { PolicyChangeRow, PolicyRow } from '../ports/policies.ts';
import type { Connection } from './connection.ts';

interface StoredPolicy {
  directory: string;
  rules: string;
  revision: number;
  changed_at: string;
  changed_by: string;
}

export function listPolicies(connection: Connection): PolicyRow[] {
  return connection.all<StoredPolicy>('SELECT * FROM policies ORDER BY directory').map(rowOf);
}

/** An empty list keeps its row: its revision goes on. */
export function setPolicy(connection: Connection, change: PolicyChangeRow, at: string): PolicyRow {
  return connection.transaction(() => {
    const known = read(connection, change.directory);
    const revision = known?.revision ?? 0;
    if (change.revision !== undefined && change.revision !== revision) {
      const message = `The rules were changed meanwhile: they are at revision ${revision}.`;
      throw refuse('conflict', message, { field: 'revision', data: { revision } });
    }
    return write(connection, { ...change, revision: revision + 1 }, at);
  });
}

/** Puts rules before those that are there, inside the open transaction; a refusal takes all of that along. */
export function joinRules(
  connection: Connection,
  change: Omit<PolicyChangeRow, 'revision'>,
  at: string,
): PolicyRow {
  const known = read(connection, change.directory);
  const texts = new Set(change.rules.map((rule) => canonicalJson(rule)));
  const others = (known?.rules ?? []).filter((rule) => !texts.has(canonicalJson(rule)));
  const rules = [...change.rules, ...others];
  return write(connection, { ...change, rules, revision: (known?.revision ?? 0) + 1 }, at);
}

function read(connection: Connection, directory: string | null): PolicyRow | undefined {
  const sql = 'SELECT * FROM policies WHERE directory = ?';
  const row = connection.get<StoredPolicy>(sql, directory ?? '');
  return row && rowOf(row);
}

function write(
  connection: Connection,
  change: PolicyChangeRow & { revision: number },
  at: string,
): PolicyRow {
  const { directory, rules, revision, by } = change;
  boundedRules(rules, 'rules');
  connection.run(
    `INSERT INTO policies (directory, rules, revision, changed_at, changed_by) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (directory) DO UPDATE SET rules = ?2, revision = ?3, changed_at = ?4, changed_by = ?5`,
    directory ?? '',
    JSON.stringify(rules),
    revision,
    at,
    by,
  );
  return { directory, rules, revision, changedAt: at, changedBy: by };
}

function rowOf(row: StoredPolicy): PolicyRow {
  return {
    directory: row.directory === '' ? null : row.directory,
    rules: JSON.parse(row.rules) as Rule[],
    revision: row.revision,
    changedAt: row.changed_at,
    changedBy: row.changed_by,
  };
}

/** Sessions whose bypass has not been ended, with its time. */
export function readBypassed(connection: Connection): { session: string; until: string }[] {
  return connection.all<{ session: string; until: string }>(
    'SELECT id AS session, bypass_until AS until FROM sessions WHERE bypass_until IS NOT NULL',
  );
}
