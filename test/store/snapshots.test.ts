import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { NewEntry } from '../../src/domain/entry.ts';
import { Connection } from '../../src/store/connection.ts';
import { writeEntry } from '../../src/store/entries.ts';
import { migrate, migrations } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import { readOpenRestores, readSnapshots, readSpans } from '../../src/store/snapshots.ts';
import { commitGroup } from '../../src/store/commit.ts';
import { wireBatch } from '../../src/store/wire.ts';
import { batch, first, message, snapshot, tempDir, time } from './sample.ts';

let dir: string;
let remove: () => void;
let connection: Connection;
beforeEach(() => {
  ({ dir, remove } = tempDir());
  connection = Connection.writer(join(dir, 'turnkeep.db'));
});
afterEach(() => {
  connection.close();
  remove();
});

const blob = { digest: 'b'.repeat(64), size: 1 };
const by = { type: 'server' } as const;

/** A snapshot of a run, which is read where it changes nothing. */
function of(id: string, path: string, more: { run?: string; read?: true } = {}): NewEntry {
  const entry = snapshot(id, 'call', blob, path) as Extract<NewEntry, { kind: 'snapshot' }>;
  const run = more.run === undefined ? {} : { run: more.run };
  const change = more.read === true ? ('read' as const) : entry.data.change;
  return { ...entry, data: { ...entry.data, ...run, change } };
}

function begun(id: string): NewEntry {
  return { id, at: time, by, kind: 'restore', data: { state: 'begun', forced: false, files: [] } };
}

function ended(id: string, about: string): NewEntry {
  return { id, at: time, by, about, kind: 'restore', data: { state: 'ended', files: [] } };
}

const entries = [
  message('m', null),
  of('a1', '/a', { run: 'one' }),
  of('r1', '/a', { run: 'one', read: true }),
  of('b1', '/b', { run: 'one' }),
  of('a2', '/a', { run: 'two' }),
  of('a3', '/a', { run: 'two' }),
];

const ids = (texts: readonly string[]) =>
  texts.map((text) => (JSON.parse(text) as { id: string }).id);

test('F1 F3: snapshots are found by path, run, call and change, newest first, and by the first and last of each file', () => {
  migrate(connection);
  commitGroup(connection, [wireBatch(batch('s', entries, first))]);
  const list = (query: object) => {
    const page = readSnapshots(connection, { session: 's', changes: 'all', limit: 9, ...query });
    return ids(page.entries);
  };
  expect(list({})).toEqual(['a3', 'a2', 'b1', 'r1', 'a1']);
  expect(list({ path: '/a' })).toEqual(['a3', 'a2', 'r1', 'a1']);
  expect(list({ run: 'one', changes: 'write' })).toEqual(['b1', 'a1']);
  expect(list({ changes: 'read' })).toEqual(['r1']);
  expect(list({ call: 'other' })).toEqual([]);
  const page = readSnapshots(connection, { session: 's', changes: 'all', limit: 2 });
  expect([ids(page.entries), page.next]).toEqual([['a3', 'a2'], 5]);
  expect(list({ before: 5, limit: 2 })).toEqual(['b1', 'r1']);
  const spans = (query: object) => {
    const { files, next } = readSpans(connection, { session: 's', limit: 9, ...query });
    return [...files.map(({ path, first: one, last }) => [path, ...ids([one, last])]), next];
  };
  expect(spans({})).toEqual([['/a', 'a1', 'a3'], ['/b', 'b1', 'b1'], null]);
  expect(spans({ run: 'two' })).toEqual([['/a', 'a2', 'a3'], null]);
  expect(spans({ limit: 1 })).toEqual([['/a', 'a1', 'a3'], '/a']);
  expect(spans({ after: '/a' })).toEqual([['/b', 'b1', 'b1'], null]);
  expect(spans({ session: 'none' })).toEqual([null]);
});

test('L6 F1: none of it is found by going through the snapshots of a session', () => {
  migrate(connection);
  commitGroup(connection, [wireBatch(batch('s', entries, first))]);
  const asked = vi.spyOn(connection, 'all');
  for (const query of [{}, { path: '/a' }, { run: 'one' }, { call: 'call' }]) {
    readSnapshots(connection, { session: 's', changes: 'all', limit: 9, ...query });
  }
  readSpans(connection, { session: 's', limit: 9 });
  const queries = asked.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes('snapshots'));
  asked.mockRestore();
  expect(queries).toHaveLength(5);
  const plans = queries.flatMap((sql) =>
    connection.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail),
  );
  expect(plans.filter((plan) => /^SCAN|TEMP B-TREE/.test(plan))).toEqual([]);
});

test('F3: which restoration has begun and not ended is known, and gone with its session', () => {
  migrate(connection);
  commitGroup(connection, [wireBatch(batch('s', [begun('told')], first))]);
  expect(readOpenRestores(connection)).toEqual([]);
  commitGroup(connection, [wireBatch(batch('s', [begun('x')], { restoration: 'x' }))]);
  expect(readOpenRestores(connection)).toEqual([{ session: 's', entry: 'x' }]);
  commitGroup(connection, [wireBatch(batch('s', [ended('y', 'other')]))]);
  expect(readOpenRestores(connection)).toHaveLength(1);
  commitGroup(connection, [wireBatch(batch('s', [ended('z', 'x')]))]);
  expect(readOpenRestores(connection)).toEqual([]);
});

test('F1 L9: a database from before knows the snapshots of its logs', async () => {
  migrate(
    connection,
    migrations.filter(({ to }) => to < 7),
  );
  const wired = wireBatch(batch('s', [...entries, begun('x')], first)).entries;
  connection.run(
    `INSERT INTO sessions (num, id, title, created_at, updated_at, last_activity_at)
     VALUES (1, 's', 's', ?1, ?1, ?1)`,
    time,
  );
  for (const [at, entry] of wired.entries()) writeEntry(connection, 1, at + 1, entry);
  migrate(connection);
  expect(connection.all('SELECT seq FROM snapshots')).toHaveLength(5);
  // They were imported: nothing of them is under way here.
  expect(connection.all('SELECT entry FROM open_restores')).toEqual([]);
  const store = await openStore({ dir: ':memory:', onFatal: () => undefined });
  expect((await store.snapshots({ session: 's', changes: 'all', limit: 1 })).entries).toEqual([]);
  await store.close();
});
