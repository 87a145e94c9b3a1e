import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from '../../src/store/connection.ts';
import { migrate, migrations } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import { operations } from '../../src/store/operations.ts';
import { purgeSlice } from '../../src/store/purge.ts';
import { wireBatch } from '../../src/store/wire.ts';
import type { NewEntry } from '../../src/domain/entry.ts';
import { dollars, tokens, usage } from './reports.ts';
import { batch, first, runStarted, state, tempDir, time } from './sample.ts';

let connection: Connection;
let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = tempDir());
  connection = Connection.writer(join(dir, 'turnkeep.db'));
});
afterEach(() => {
  if (connection.db.isOpen) connection.close();
  remove();
});

function append(session: string, entries: readonly NewEntry[], more: object = {}): void {
  const [verdict] = operations.append(connection, [wireBatch(batch(session, entries, more))]);
  expect(verdict).toMatchObject({ status: 'stored' });
}

const made = { ...first, state: state({ agent: 'claude' }) };
const inRun = { runId: 'run' };
const reports = [
  runStarted('started', 'run'),
  usage('u1', { key: 'k1', model: 'big', tokens: tokens(1), cost: dollars(0.5) }, inRun),
  usage('u2', { key: 'k2', model: 'big', tokens: tokens(2) }, inRun),
  usage('u3', { key: 'k1', model: 'big', tokens: tokens(4), cost: dollars(1.5) }, inRun),
  usage('u4', { key: 'k3', tokens: tokens(8) }),
];

/** Makes a database of an older version with what this one has of its tables, and a damaged entry in it. */
function asVersion(version: number, file: string): void {
  const old = Connection.writer(file);
  migrate(
    old,
    migrations.filter(({ to }) => to <= version),
  );
  const tables = old.all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\'",
  );
  for (const { name } of tables) {
    const columns = old
      .all<{ name: string }>('SELECT name FROM pragma_table_info(?)', name)
      .map((column) => column.name);
    const rows = connection.all<{ [column: string]: string }>(
      `SELECT ${columns.join(', ')} FROM ${name}`,
    );
    const places = columns.map(() => '?').join(', ');
    for (const row of rows)
      old.run(`INSERT INTO ${name} VALUES (${places})`, ...columns.map((column) => row[column]!));
  }
  old.db.exec('DROP TRIGGER entries_unchanged');
  old.run(`UPDATE entries SET data = CAST('{"key":' AS BLOB) WHERE id = 'u2'`);
  old.close();
}

test('L9: a database of the version before is brought forward with what its logs report', async () => {
  migrate(connection);
  append('s', reports, made);
  append('t', [usage('u5', { key: 'k1', tokens: tokens(16) })], made);
  const old = join(dir, 'old');
  mkdirSync(old);
  asVersion(4, join(old, 'turnkeep.db'));
  connection.close();
  const onFatal = (error: Error): void => {
    throw error;
  };
  const store = await openStore({ dir: old, onFatal });
  try {
    const { rows } = await store.usage({ by: ['session', 'model'], limit: 9 });
    expect(rows).toMatchObject([
      { session: 't', model: null, tokens: tokens(16), cost: [], runs: 0, reports: 1 },
      { session: 's', model: null, tokens: tokens(8), cost: [], runs: 0, reports: 1 },
      { session: 's', model: 'big', tokens: tokens(4), cost: [dollars(1.5)], runs: 1, reports: 1 },
    ]);
  } finally {
    await store.close();
  }
  connection = Connection.writer(join(dir, 'turnkeep.db'));
  const newest = migrations.at(-1)?.to;
  expect(connection.get('PRAGMA user_version')).toMatchObject({ user_version: newest });
});

test('L7: a session that is being purged is not counted, and no row of it is left', () => {
  migrate(connection);
  append('s', reports, made);
  append('t', [usage('u5', { key: 'k1', tokens: tokens(16) })], made);
  append('s', [], { state: state({ deletedAt: time, purgeAt: time }) });
  const sum = (): number =>
    operations.usage(connection, { by: ['day'], limit: 9 }).total.tokens.input;
  expect(sum()).toBe(4 + 2 + 8 + 16);
  purgeSlice(connection, 's', time);
  const left = (table: string): unknown =>
    connection.get(`SELECT count(*) AS count FROM ${table} WHERE session = 1`);
  expect([sum(), left('usage_sums')]).toEqual([16, { count: 2 }]);
  while (!purgeSlice(connection, 's', time).done);
  for (const table of ['usage_reports', 'usage_sums', 'usage_costs'])
    expect([table, left(table)]).toEqual([table, { count: 0 }]);
  expect(sum()).toBe(16);
});

test('L6: to count a report no table is gone through, and a summary of some days reads only them', () => {
  migrate(connection);
  append('s', [], made);
  const ways = (['get', 'all', 'iterate', 'run'] as const).map((way) => vi.spyOn(connection, way));
  const asked = (): string[] => {
    const queries = new Set(ways.flatMap(({ mock }) => mock.calls.map(([sql]) => sql)));
    for (const way of ways) way.mockClear();
    return [...queries].filter((sql) => sql.includes('usage_'));
  };
  const plans = (queries: readonly string[]): string[] =>
    queries.flatMap((sql) =>
      connection.db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail)),
    );
  append('s', reports);
  const written = asked();
  expect(written.length).toBe(6);
  expect(plans(written).filter((step) => /SCAN|TEMP B-TREE|\(session=\?\)$/.test(step))).toEqual(
    [],
  );
  const days = { since: '2026-01-01', until: '2026-01-31' };
  operations.usage(connection, { by: ['session', 'model'], ...days, limit: 9 });
  operations.usage(connection, { by: ['agent'], ...days, sessions: ['s'], limit: 9 });
  const steps = plans(asked()).filter((step) => /(SCAN|SEARCH) u\b/.test(step));
  expect(new Set(steps)).toEqual(
    new Set([
      'SEARCH u USING PRIMARY KEY (day>? AND day<?)',
      'SEARCH u USING INDEX usage_sums_session (session=? AND day>? AND day<?)',
      'SEARCH u USING INDEX usage_costs_session (session=? AND day>? AND day<?)',
    ]),
  );
});
