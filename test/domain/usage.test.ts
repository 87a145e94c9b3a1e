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

test('the cost is in the currency that was named first: amounts of two are never added up', () => {
  const { tokens: none } = noUsage;
  const report = (key: string, amount: number, currency: string): UsageReport => ({
    key,
    tokens: none,
    cost: { amount, currency },
  });
  const dollars = addReport(noUsage, report('a', 2, 'USD'), undefined);
  const mixed = addReport(dollars, report('b', 8, 'EUR'), undefined);
  expect(mixed.cost).toEqual({ amount: 2, currency: 'USD' });
  // What was never added is not taken away, and a report may be replaced by one in another currency.
  expect(addReport(mixed, report('b', 1, 'USD'), report('b', 8, 'EUR')).cost?.amount).toBe(3);
  expect(addReport(mixed, report('a', 8, 'EUR'), report('a', 2, 'USD')).cost?.amount).toBe(0);
});
