import { expect, test } from 'vitest';
import { joined, nothing, summary } from '../../scripts/ci/report.ts';

const long = Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n');

test('the last line is the count, alone, and before it stand what failed and what is unsteady', () => {
  const report = joined([
    {
      passed: 3,
      failed: [{ name: 'one.test.ts > L1: a', message: 'expected 1\nto be 2' }],
      unsteady: [],
    },
    { passed: 2, failed: [], unsteady: [{ name: 'two.test.ts > L2: b', message: 'too late' }] },
  ]);
  expect(summary(report)).toBe(
    [
      '── failed',
      'one.test.ts > L1: a',
      '    expected 1',
      '    to be 2',
      '── unsteady: passed when tried again',
      'two.test.ts > L2: b',
      '    too late',
      '5 passed, 1 failed',
      '',
    ].join('\n'),
  );
  expect(summary({ ...nothing, passed: 7 })).toBe('7 passed, 0 failed\n');
});

test('however many fail and whatever they say, the end of the output is enough for their names', () => {
  const failed = Array.from({ length: 40 }, (_, at) => ({ name: `test ${at}`, message: long }));
  const lines = summary({ passed: 0, failed, unsteady: failed }).trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(115);
  for (const { name } of failed.slice(0, 25)) expect(lines).toContain(name);
  expect(lines).toContain('and 15 more');
  expect(lines.filter((line) => line === '    line 14')).toHaveLength(3);
  expect(lines).not.toContain('    line 20');
  expect(lines.at(-1)).toBe('0 passed, 40 failed');
});
