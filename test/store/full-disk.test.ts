import { expect, test } from 'vitest';
import { Connection } from '../../src/store/connection.ts';
import { migrate } from '../../src/store/migrations.ts';
import { operations } from '../../src/store/operations.ts';
import { wireBatch } from '../../src/store/wire.ts';
import { batch, first, message, tempDir } from './sample.ts';
import { join } from 'node:path';

test('L9: a full disk refuses the whole group, keeps readers working and recovers by itself', () => {
  const { dir, remove } = tempDir();
  const writer = Connection.writer(join(dir, 'turnkeep.db'));
  migrate(writer);
  const reader = Connection.reader(join(dir, 'turnkeep.db'));
  const big = 'x'.repeat(400_000);
  const group = ['s', 't'].map((session) =>
    wireBatch(batch(session, [message('b', null, big)], first)),
  );
  operations.append(writer, [wireBatch(batch('old', [message('a', null)], first))]);
  const { page_count: pages } = writer.get<{ page_count: number }>('PRAGMA page_count') ?? {
    page_count: 0,
  };

  writer.db.exec(`PRAGMA max_page_count = ${pages + 10}`);
  for (const verdict of operations.append(writer, group)) {
    expect(verdict).toMatchObject({ status: 'refused', refusal: { code: 'unavailable' } });
  }
  const page = { after: 0, limit: 9, maxBytes: 1e6 };
  expect(operations.history(reader, { session: 'old', ...page }).entries).toHaveLength(1);
  expect(operations.load(reader, 's')).toBeUndefined();

  writer.db.exec('PRAGMA max_page_count = 1000000');
  expect(operations.append(writer, group)).toMatchObject([
    { status: 'stored' },
    { status: 'stored' },
  ]);
  expect(operations.check(reader)).toEqual([]);
  reader.close();
  writer.close();
  remove();
});
