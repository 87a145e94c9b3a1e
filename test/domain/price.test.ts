import { expect, test } from 'vitest';
import { type Price, priceOf } from '../../src/domain/price.ts';
import { noTokens, pendingAfter, type UsageReport } from '../../src/domain/usage.ts';

const price = (model: string, input: number, more: Partial<Price> = {}): Price => ({
  model,
  currency: 'USD',
  input,
  output: 10,
  ...more,
});

test.each([
  ['gpt-9', 'gpt-9', true],
  ['gpt-9', 'GPT-9', true],
  ['gpt-9', 'gpt-90', false],
  ['gpt-*', 'gpt-9-mini', true],
  ['gpt-*', 'my-gpt-9', false],
  ['*-mini', 'gpt-9-mini', true],
  ['*', '', true],
  ['*opus*', 'claude-opus-4', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*b', 'ab', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a.c', 'abc', false],
  ['', 'x', false],
])('%j is the price of %j: %j', (pattern, model, fits) => {
  const found = priceOf([price(pattern, 1)], model, { ...noTokens, input: 1e6 });
  expect(found).toEqual(fits ? { amount: 1, currency: 'USD' } : null);
});

test('U2: the first row that fits holds, and each kind of token has its price', () => {
  const tokens = { input: 1e6, output: 1e6, cacheRead: 1e6, cacheWrite: 1e6, thought: 1e6 };
  const table = [
    price('m-small', 1),
    price('m-*', 2, { cacheRead: 0.5, cacheWrite: 4, thought: 20 }),
  ];
  // What goes through the cache costs what input does, and a thought what output does.
  expect(priceOf(table, 'm-small', tokens)?.amount).toBe(1 + 10 + 1 + 1 + 10);
  expect(priceOf(table, 'm-large', tokens)?.amount).toBe(2 + 10 + 0.5 + 4 + 20);
  expect(priceOf(table, 'm-small', { ...noTokens, input: 3 })?.amount).toBe(0.000003);
});

test('U2: what is estimated of a run is over when its agent tells what it cost', () => {
  const pending = (amount: number) => ({ amount, currency: 'USD', estimate: true }) as const;
  const report = (more: Partial<UsageReport>): UsageReport => ({
    key: 'k',
    tokens: noTokens,
    ...more,
  });
  const first = report({ pending: pending(2) });
  expect(pendingAfter(null, first, undefined)).toEqual(pending(2));
  expect(pendingAfter(pending(2), report({ pending: pending(3) }), first)).toEqual(pending(3));
  expect(pendingAfter(pending(2), report({ pending: pending(3) }), undefined)).toEqual(pending(5));
  const euros = { amount: 1, currency: 'EUR', estimate: true } as const;
  expect(pendingAfter(pending(2), report({ pending: euros }), undefined)).toEqual(pending(2));
  expect(pendingAfter(pending(2), report({}), undefined)).toEqual(pending(2));
  const told = report({ cost: { amount: 4, currency: 'USD' } });
  expect(pendingAfter(pending(2), told, undefined)).toBeNull();
});
