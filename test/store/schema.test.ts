import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from '../../src/store/connection.ts';
import { writeEntry } from '../../src/store/entries.ts';
import { migrate, migrations } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import { operations } from '../../src/store/operations.ts';
import { wireBatch, type WireEntry } from '../../src/store/wire.ts';
import type { NewEntry } from '../../src/domain/entry.ts';
import {
  approval,
  batch,
  decision,
  first,
  message,
  notice,
  runEnded,
  runStarted,
  state,
  tempDir,
} from './sample.ts';

let connection: Connection;
let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = tempDir());
  connection = Connection.writer(join(dir, 'turnkeep.db'));
  migrate(connection);
});
afterEach(() => {
  connection.close();
  remove();
});

function wired(entry: NewEntry): WireEntry {
  const [one] = wireBatch(batch('s', [entry])).entries;
  if (one === undefined) throw new Error('no entry');
  return one;
}

test('R2: the database itself refuses a second terminal, and any entry of a run after its terminal', () => {
  const run = [runStarted('a', 'run'), runEnded('b', 'run')];
  operations.append(connection, [wireBatch(batch('s', run, first))]);
  // Past the verdict, as a bug would write.
  for (const entry of [runEnded('c', 'run'), notice('d', 'd', { runId: 'run' })]) {
    expect(() => writeEntry(connection, 1, 3, wired(entry))).toThrow(
      'the run has its terminal entry',
    );
  }
  connection.db.exec('DROP TRIGGER entries_after_terminal');
  expect(() => writeEntry(connection, 1, 3, wired(runEnded('c', 'run')))).toThrow('UNIQUE');
  expect(operations.check(connection)).toEqual([]);
});

test('L2 L3 L7: the database itself refuses a second seq, a second id and any change', () => {
  operations.append(connection, [wireBatch(batch('s', [message('a', null)], first))]);
  expect(() => writeEntry(connection, 1, 1, wired(notice('b')))).toThrow('UNIQUE');
  expect(() => writeEntry(connection, 1, 2, wired(notice('a')))).toThrow('UNIQUE');
  expect(() => connection.db.exec(`UPDATE entries SET kind = 'notice'`)).toThrow('never changed');
});

test('V6: hosts that have ended and approvals that are decided cost no later read anything', () => {
  const append = (...[entries, more]: [NewEntry[], object?]): void => {
    const [verdict] = operations.append(connection, [wireBatch(batch('s', entries, more))]);
    expect(verdict).toMatchObject({ status: 'stored' });
  };
  append([], first);
  for (const host of ['h', 'i']) {
    const bytes = Buffer.from('bytes');
    const hosts = [{ host, phase: 'intended', spec: '{}', snapshot: '{}' }];
    const mark = { offset: 0, at: null, seq: 0, output: 0, run: null, entry: null };
    append([], { hosts, inputs: [{ host, ...mark, bytes }] });
  }
  append([], { hosts: [{ host: 'h', phase: 'ended' }] });
  expect(connection.all('SELECT host FROM hosts')).toEqual([{ host: 'i' }]);
  operations.settleHost(connection, 'h', 'archived');
  operations.settleHost(connection, 'i', 'lost');
  expect(connection.all('SELECT host FROM host_inputs')).toEqual([{ host: 'i' }]);
  const plans = plansOf(() => {
    operations.openHosts(connection);
    operations.load(connection, 's');
    operations.openApprovals(connection, { limit: 9 });
    operations.openApprovals(connection, { sessions: ['s'], limit: 9 });
  });
  expect(plans.filter((step) => /^(SCAN|SEARCH) [ha]\b/.test(step))).toEqual([
    'SCAN h',
    'SEARCH h USING INDEX hosts_session (session=?)',
    'SCAN a USING INDEX approvals_open',
    'SEARCH a USING INDEX approvals_open_session (session=?)',
  ]);
});

test('L6: nothing that an append looks up is found by going through a table', () => {
  const append = (entries: NewEntry[], more: object = {}): void => {
    const [verdict] = operations.append(connection, [wireBatch(batch('s', entries, more))]);
    expect(verdict).toMatchObject({ status: 'stored' });
  };
  append([message('a', null)], { ...first, state: state({ key: 'k' }) });
  connection.memory.forget();
  const asked = (['get', 'all', 'iterate', 'run'] as const).map((way) => vi.spyOn(connection, way));
  const hosts = [{ host: 'h', phase: 'intended' as const, spec: '{}', snapshot: '{}' }];
  append([runStarted('r', 'run'), message('b', 'a', 'b', { runId: 'run' })], { hosts });
  append([approval('p'), decision('d', 'p'), message('c', 'a'), notice('n', 'n', { about: 'b' })]);
  append([runEnded('e', 'run')], { state: state({ key: 'l' }) });
  const queries = new Set(asked.flatMap(({ mock }) => mock.calls.map(([sql]) => sql)));
  for (const spy of asked) spy.mockRestore();
  expect(queries.size).toBeGreaterThan(10);
  // Of a session all that has many rows is found by more than the session.
  const slow = /^SCAN|TEMP B-TREE|^SEARCH (entries|runs|approvals|branches)\b.*\(session=\?\)$/;
  const plans = [...queries].flatMap((sql) =>
    connection.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`),
  );
  expect(plans.length).toBeGreaterThan(10);
  const scans = plans.filter(({ detail }) => slow.test(detail));
  expect(scans).toEqual([]);
});

/** How SQLite carries out the queries of `act`. */
function plansOf(act: () => void): string[] {
  const asked = vi.spyOn(connection, 'all');
  act();
  const queries = asked.mock.calls.map(([sql]) => sql);
  asked.mockRestore();
  return queries.flatMap((sql) =>
    connection.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).map(({ detail }) => detail),
  );
}

test('L9: check finds what no verdict would have let in', () => {
  operations.append(connection, [wireBatch(batch('s', [message('a', null)], first))]);
  connection.db.exec('DROP TRIGGER entries_after_terminal; DROP INDEX entries_terminal');
  writeEntry(connection, 1, 3, wired(runEnded('e', 'run')));
  writeEntry(connection, 1, 4, wired(runEnded('f', 'run')));
  writeEntry(connection, 1, 5, wired(message('g', 'nowhere')));
  const faults = operations.check(connection).join('\n');
  for (const fault of [
    'seq 2 is missing',
    'no parent nowhere',
    '2 terminal entries',
    'the last seq is 5',
    'the head is g',
  ]) {
    expect(faults).toContain(fault);
  }
});

test('L9: a database of an older version is brought forward with its entries', () => {
  operations.append(connection, [wireBatch(batch('s', [message('a', null)], first))]);
  const newest = migrations.at(-1)?.to ?? 0;
  const broken = { to: newest + 2, sql: 'CREATE TABLE half (a); SELECT nonsense' };
  const steps = [
    ...migrations,
    { to: newest + 1, sql: `ALTER TABLE sessions ADD COLUMN extra TEXT DEFAULT 'x'` },
  ];
  expect(() => migrate(connection, [...steps, broken])).toThrow('nonsense');
  expect(connection.get('PRAGMA user_version')).toMatchObject({ user_version: newest + 1 });
  expect(connection.all(`SELECT extra FROM sessions`)).toMatchObject([{ extra: 'x' }]);
  expect(connection.all(`SELECT name FROM sqlite_schema WHERE name = 'half'`)).toEqual([]);
  expect(operations.check(connection)).toEqual([]);
});

test('L9: a database of a newer version is refused with a sentence that says so', async () => {
  connection.db.exec('PRAGMA user_version = 99');
  await expect(openStore({ dir, onFatal: () => undefined })).rejects.toThrow(
    'The database has format 99',
  );
});
