import { expect, test } from 'vitest';
import { systemClock } from '../../src/app/system-clock.ts';
import { idPattern } from '../../src/domain/entry.ts';

test('ids are unique, fit the pattern, and are sorted by time', () => {
  const clock = systemClock();
  const ids = Array.from({ length: 100_000 }, () => clock.newId());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => idPattern.test(id))).toBe(true);
  expect(ids.every((id, index) => index === 0 || ids[index - 1]! < id)).toBe(true);
});
