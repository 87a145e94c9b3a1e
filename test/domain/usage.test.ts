import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addReport, noUsage, type Usage, type UsageReport } from '../../src/domain/usage.ts';

const tokens = fc.record({
  input: fc.nat(1000),
  output: fc.nat(1000),
  cacheRead: fc.nat(1000),
  cacheWrite: fc.nat(1000),
  thought: fc.nat(1000),
});
const report: fc.Arbitrary<UsageReport> = fc.record(
  {
    key: fc.constantFrom('a', 'b', 'c'),
    tokens,
    cost: fc.record({ amount: fc.nat(100), currency: fc.constant('USD') }),
  },
  { requiredKeys: ['key', 'tokens'] },
);

test('usage is the sum of the last report of every key', () => {
  fc.assert(
    fc.property(fc.array(report, { maxLength: 20 }), (reports) => {
      const last = new Map<string, UsageReport>();
      let usage: Usage = noUsage;
      for (const one of reports) {
        usage = addReport(usage, one, last.get(one.key));
        last.set(one.key, one);
      }
      const kept = [...last.values()];
      for (const name of ['input', 'output', 'cacheRead', 'cacheWrite', 'thought'] as const) {
        expect(usage.tokens[name]).toBe(kept.reduce((sum, one) => sum + one.tokens[name], 0));
      }
      const cost = kept.reduce((sum, one) => sum + (one.cost?.amount ?? 0), 0);
      expect(usage.cost?.amount ?? 0).toBe(cost);
    }),
  );
});

test('no cost is told while no agent has named a price', () => {
  const { tokens: none } = noUsage;
  expect(addReport(noUsage, { key: 'a', tokens: none }, undefined).cost).toBeNull();
  const priced = { key: 'a', tokens: none, cost: { amount: 2, currency: 'EUR' } };
  expect(addReport(noUsage, priced, undefined).cost).toEqual({ amount: 2, currency: 'EUR' });
});
