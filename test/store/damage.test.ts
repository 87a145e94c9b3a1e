import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import { Connection } from '../../src/store/connection.ts';
import { openStore } from '../../src/store/open.ts';
import { operations } from '../../src/store/operations.ts';
import { append, batch, first, historyOf, message, notice, state, tempDir } from './sample.ts';

const { dir: root, remove } = tempDir();
const truth = new Map<string, string>();
const names = ['turnkeep.db', 'turnkeep.db-wal'];
afterAll(remove);

/** A database of which half lies in the write-ahead log, copied while it was open. */
beforeAll(async () => {
  const dir = join(root, 'live');
  const store = await openStore({ dir, onFatal: () => undefined });
  for (let turn = 0; turn < 60; turn += 1) {
    const one = Array.from({ length: 10 }, (_, index) => {
      const id = `e${String(turn).padStart(4, '0')}-${index}`;
      return index % 2 === 0 ? message(id, null, id.repeat(30)) : notice(id, id.repeat(20));
    });
    await append(store, batch(`s${turn % 3}`, one, { ...(turn < 3 ? first : {}), state: state() }));
    if (turn === 40) {
      const writer = Connection.writer(join(dir, 'turnkeep.db'));
      writer.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      writer.close();
    }
  }
  for (const session of ['s0', 's1', 's2']) {
    for (const entry of await historyOf(store, session))
      truth.set(`${session} ${entry.seq}`, JSON.stringify(entry));
  }
  mkdirSync(join(root, 'sound'));
  for (const name of names) copyFileSync(join(dir, name), join(root, 'sound', name));
  await store.close();
});

function seeded(seed: number): () => number {
  let value = seed;
  return () => {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    return value / 2 ** 32;
  };
}

interface Outcome {
  right: number;
  marked: number;
  failed: number;
  wrong: string[];
}

/** Reads everything back; what is neither right, nor marked, nor a failure is silently wrong. */
function readBack(dir: string): Outcome {
  const outcome: Outcome = { right: 0, marked: 0, failed: 0, wrong: [] };
  let connection: Connection;
  try {
    connection = Connection.writer(join(dir, 'turnkeep.db'));
  } catch {
    return { ...outcome, failed: 1 };
  }
  for (const session of ['s0', 's1', 's2']) {
    try {
      const page = operations.history(connection, {
        session,
        after: 0,
        limit: 1000,
        maxBytes: 1e9,
      });
      for (const { seq, json } of page.entries) {
        const entry = JSON.parse(json) as Entry;
        if (JSON.stringify(entry) === truth.get(`${session} ${seq}`)) outcome.right += 1;
        else if (entry.kind === 'unrecognized') outcome.marked += 1;
        else outcome.wrong.push(json);
      }
      if (page.entries.length !== 200) outcome.wrong.push(`${session} has ${page.entries.length}`);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      outcome.failed += 1;
    }
  }
  if (outcome.marked + outcome.failed > 0) expect(operations.check(connection)).not.toEqual([]);
  connection.close();
  return outcome;
}

function damagedCopy(name: string, change: (file: string) => void): string {
  const dir = join(root, name);
  mkdirSync(dir);
  for (const file of names) copyFileSync(join(root, 'sound', file), join(dir, file));
  change(dir);
  return dir;
}

function flip(file: string, at: number, bit: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(file, bytes);
}

test('L8 L9: of 100 flipped bits none gives a silently wrong read', () => {
  const random = seeded(7);
  const sum = { right: 0, marked: 0, failed: 0 };
  for (let round = 0; round < 100; round += 1) {
    // The log is folded in first, so that the flip meets the pages that are read.
    const dir = damagedCopy(`flip${round}`, (copy) => {
      const whole = Connection.writer(join(copy, 'turnkeep.db'));
      whole.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      whole.close();
      const file = join(copy, 'turnkeep.db');
      flip(file, Math.floor(random() * readFileSync(file).length), Math.floor(random() * 8));
    });
    const outcome = readBack(dir);
    expect(outcome.wrong, `round ${round}`).toEqual([]);
    sum.right += outcome.right;
    sum.marked += outcome.marked;
    sum.failed += outcome.failed;
  }
  expect(sum.marked).toBeGreaterThan(0);
  expect(sum.right).toBeGreaterThan(50_000);
});

test('L9: a torn or damaged write-ahead log opens with a whole number of batches', () => {
  const random = seeded(11);
  for (let round = 0; round < 40; round += 1) {
    const dir = damagedCopy(`wal${round}`, (copy) => {
      const wal = join(copy, 'turnkeep.db-wal');
      const at = Math.floor(random() * readFileSync(wal).length);
      if (round % 2 === 0) truncateSync(wal, at);
      else flip(wal, at, Math.floor(random() * 8));
    });
    const connection = Connection.writer(join(dir, 'turnkeep.db'));
    expect(operations.check(connection)).toEqual([]);
    for (const session of ['s0', 's1', 's2']) {
      const page = operations.history(connection, {
        session,
        after: 0,
        limit: 1000,
        maxBytes: 1e9,
      });
      expect(page.entries.length % 10).toBe(0);
      for (const { seq, json } of page.entries) expect(json).toBe(truth.get(`${session} ${seq}`));
    }
    connection.close();
    expect(existsSync(join(dir, 'turnkeep.db'))).toBe(true);
  }
});

test('L8: an entry with a wrong digest comes back as unrecognized at its seq, and check names it', async () => {
  const dir = join(root, 'digest');
  const store = await openStore({ dir, onFatal: () => undefined });
  await append(store, batch('s', [message('a', null), message('b', 'a'), notice('c')], first));
  const writer = Connection.writer(join(dir, 'turnkeep.db'));
  writer.db
    .exec(`DROP TRIGGER entries_unchanged; UPDATE entries SET data = CAST('{"content":[]}' AS BLOB) WHERE id = 'b';
    UPDATE entries SET at = '1999' WHERE id = 'c'`);
  writer.close();
  expect((await historyOf(store, 's')).map(({ seq, id, kind }) => [seq, id, kind])).toEqual([
    [1, 'a', 'message'],
    [2, 'b', 'unrecognized'],
    [3, 'c', 'unrecognized'],
  ]);
  expect(await store.entry('s', 'b')).toMatchObject({
    data: { reason: 'digest', raw: '{"content":[]}', count: 1 },
  });
  expect((await store.check('s')).join()).toMatch(/seq 2: the digest.*seq 3: the digest/);
  expect(await append(store, batch('s', [message('d', 'a')]))).toMatchObject({
    status: 'stored',
    lastSeq: 4,
  });
  await store.close();
});

test('L8: a ring of parents, a parent that is not there and lost branches leave the whole log readable', async () => {
  const dir = join(root, 'parents');
  const store = await openStore({ dir, onFatal: () => undefined });
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const chain = ids.map((id, at) => message(id, at === 0 ? null : (ids[at - 1] ?? null)));
  await append(store, batch('line', chain, first));
  const tree = [...chain, message('g', 'b'), notice('n'), message('h', 'd'), message('i', 'h')];
  await append(store, batch('tree', tree, first));
  const writer = Connection.writer(join(dir, 'turnkeep.db'));
  writer.db.exec(`DROP TRIGGER entries_unchanged;
    UPDATE entries SET parent = 'f' WHERE id = 'b';
    UPDATE entries SET parent = 'nowhere' WHERE id = 'd';
    UPDATE branches SET parent = seq, base = seq, jump = seq WHERE seq = 9;
    DELETE FROM branches WHERE seq = 7;`);
  writer.close();
  const faults = (await store.check()).join();
  for (const [session, count] of [
    ['line', 6],
    ['tree', 10],
  ] as const) {
    const all = await historyOf(store, session);
    expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    expect(all.filter(({ kind }) => kind === 'unrecognized').map(({ id }) => id)).toEqual([
      'b',
      'd',
    ]);
    for (const cursor of [{ after: 0 }, { before: 99 }]) {
      const query = { session, ...cursor, path: true, limit: 99, maxBytes: 1e6 } as const;
      const page = await store.history(query);
      expect([page.entries.length, page.ended]).toEqual([count, 'end']);
    }
    expect(await store.nodeBack(session, { after: 0, back: 3 })).toMatchObject({ count: 4 });
    expect(faults).toContain(session);
    const more = batch(session, [message('z', count === 6 ? 'f' : 'i')]);
    expect(await append(store, more)).toMatchObject({ status: 'stored', firstSeq: count + 1 });
  }
  await store.close();
});
