import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { expired } from '../../src/engine/retention.ts';

const now = Date.UTC(2026, 0, 31);
const day = 24 * 60 * 60_000;
const gib = 1024 ** 3;
const archive = (host: string, days: number, bytes: number) => ({
  host,
  bytes,
  at: now - days * day,
});
const hosts = (...archives: ReturnType<typeof archive>[]): readonly string[] =>
  expired(archives, now).map(({ host }) => host);

test('L10: archives are kept for 30 days', () => {
  expect([limits.archiveMs, limits.archiveBytes]).toEqual([30 * day, 5 * gib]);
  expect(hosts()).toEqual([]);
  expect(hosts(archive('a', 30, 1), archive('b', 0, 1))).toEqual([]);
  expect(hosts(archive('a', 30.01, 1), archive('b', 40, 1), archive('c', 1, 1))).toEqual([
    'b',
    'a',
  ]);
});

test('L10: above 5 GiB the oldest go first, whatever their own size', () => {
  expect(hosts(archive('a', 3, gib), archive('b', 1, 2 * gib), archive('c', 2, 2 * gib))).toEqual(
    [],
  );
  expect(hosts(archive('a', 3, 1), archive('b', 1, 3 * gib), archive('c', 2, 2 * gib + 1))).toEqual(
    ['a', 'c'],
  );
  expect(hosts(archive('only', 1, 6 * gib))).toEqual(['only']);
});
