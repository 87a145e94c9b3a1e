import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewEntry } from '../../src/domain/entry.ts';
import { Connection } from '../../src/store/connection.ts';
import { writeEntry } from '../../src/store/entries.ts';
import { migrate, migrations } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import { logSeal } from '../../src/store/seal.ts';
import { listTokens } from '../../src/store/tokens.ts';
import { wireBatch } from '../../src/store/wire.ts';
import {
  append,
  batch,
  blobMessage,
  message,
  notice,
  runStarted,
  state,
  tempDir,
  time,
} from './sample.ts';

let dir: string;
let remove: () => void;
beforeEach(() => {
  ({ dir, remove } = tempDir());
});
afterEach(() => remove());

const before = 3;
const blob = { digest: 'b'.repeat(64), size: 1 };

/** A session as version 3 kept it. */
function writeOld(connection: Connection, num: number, entries: readonly NewEntry[]): void {
  const session = `old${num}`;
  const wired = wireBatch(batch(session, entries)).entries;
  for (const [index, entry] of wired.entries()) writeEntry(connection, num, index + 1, entry);
  const log = {
    epoch: 1,
    lastSeq: entries.length,
    head: wired.findLast(({ node }) => node)?.id ?? null,
  };
  connection.run(
    `INSERT INTO sessions (num, id, native_id, title, created_at, updated_at, last_activity_at)
     VALUES (?1, ?2, ?3, ?2, ?4, ?4, ?4)`,
    num,
    session,
    `native${num}`,
    time,
  );
  connection.run(
    'INSERT INTO logs (session, epoch, last_seq, head, seal) VALUES (?, 1, ?, ?, ?)',
    num,
    log.lastSeq,
    log.head,
    logSeal(session, log),
  );
}

function oldDatabase(): Connection {
  const connection = Connection.writer(join(dir, 'turnkeep.db'));
  migrate(
    connection,
    migrations.filter(({ to }) => to <= before),
  );
  writeOld(connection, 1, [
    message('a', null),
    message('b', 'a'),
    notice('n'),
    message('c', 'a'),
    blobMessage('d', 'c', blob),
  ]);
  writeOld(connection, 2, [message('a', null), message('b', 'a'), blobMessage('e', 'b', blob)]);
  connection.run(
    `INSERT INTO host_runs (session, run, host, begin_output, begin_sent) VALUES (1, 'r', 'h', 0, 0)`,
  );
  connection.run(`INSERT INTO past_hosts (host, ingested, files) VALUES ('h', 0, 'ended')`);
  return connection;
}

const onFatal = (error: Error): void => {
  throw error;
};

test('L9: a database of the version before is brought forward: branches, blobs, native ids, hosts, lists', async () => {
  oldDatabase().close();
  const store = await openStore({ dir, onFatal });
  try {
    const history = { session: 'old1', after: 0, limit: 9, maxBytes: 1e6 } as const;
    const all = await store.history(history);
    expect(all.entries.map(({ id }) => id)).toEqual(['a', 'b', 'n', 'c', 'd']);
    const path = await store.history({ ...history, path: true });
    expect(path.entries.map(({ id }) => id)).toEqual(['a', 'n', 'c', 'd']);
    expect(await store.references('old1', blob.digest)).toBe(true);
    expect((await store.resolve('native2')).map(({ session }) => session)).toEqual(['old2']);
    const page = await store.sessions({ sort: 'created', limit: 9 });
    expect(page.rows.map(({ session }) => session)).toEqual(['old2', 'old1']);
    await append(
      store,
      batch('old1', [runStarted('r', 'r')], { state: state({ deletedAt: time }) }),
    );
    expect(await store.purge('old1')).toEqual(['h']);
    expect(await store.references('old2', blob.digest)).toBe(true);
    expect(await store.check()).toEqual([]);
  } finally {
    await store.close();
  }
});

test('L9: entries that are damaged keep an old database from nothing but what they said', async () => {
  const connection = oldDatabase();
  connection.db.exec('DROP TRIGGER entries_unchanged');
  connection.run(`UPDATE entries SET data = CAST('{"digest' AS BLOB) WHERE id = 'd'`);
  connection.run(`UPDATE entries SET parent = 'nowhere' WHERE id = 'c'`);
  connection.close();
  const store = await openStore({ dir, onFatal });
  try {
    const page = await store.history({
      session: 'old1',
      before: 9,
      limit: 9,
      maxBytes: 1e6,
      path: true,
    });
    // The way to the root is broken before c: nothing is hidden for that.
    expect(page.entries.map(({ id, kind }) => [id, kind])).toEqual([
      ['d', 'unrecognized'],
      ['c', 'unrecognized'],
      ['n', 'notice'],
      ['b', 'message'],
      ['a', 'message'],
    ]);
    expect(await store.references('old2', blob.digest)).toBe(true);
  } finally {
    await store.close();
  }
});

test('L9 S1: logins from before they said when they were used are logins still, and nothing else is', () => {
  const connection = Connection.writer(join(dir, 'turnkeep.db'));
  migrate(
    connection,
    migrations.filter(({ to }) => to < 12),
  );
  const old = (id: string, name: string, expiresAt: string | null) =>
    connection.run(
      `INSERT INTO tokens (id, name, digest, scopes, created_at, expires_at)
       VALUES (?1, ?2, ?1, '["view","drive","approve","manage"]', '2026-01-01T00:00:00.000Z', ?3)`,
      id,
      name,
      expiresAt,
    );
  old('used', 'console', '2026-02-04T12:00:00.000Z');
  old('token', 'laptop', '2026-02-04T12:00:00.000Z');
  old('lasting', 'console', null);
  migrate(connection);
  expect(listTokens(connection).map(({ id, usedAt }) => [id, usedAt])).toEqual([
    ['lasting', undefined],
    ['token', undefined],
    ['used', '2026-01-05T12:00:00.000Z'],
  ]);
  connection.close();
});
