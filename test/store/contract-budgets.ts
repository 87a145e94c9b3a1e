import { expect, test } from 'vitest';
import type { GlobalBudget } from '../../src/domain/budget.ts';
import type { UsageReport } from '../../src/domain/usage.ts';
import type { Store } from '../../src/ports/store.ts';
import { dollars, tokens, usage } from './reports.ts';
import { append, batch, first, runEnded, runStarted, state } from './sample.ts';

const estimated = (amount: number) => ({ ...dollars(amount), estimate: true }) as const;

async function report(
  store: Store,
  id: string,
  cost: UsageReport['cost'],
  key = id,
): Promise<void> {
  const told = { key, model: 'm', tokens: tokens(1), ...(cost === undefined ? {} : { cost }) };
  expect(await append(store, batch('s', [usage(id, told)]))).toMatchObject({ status: 'stored' });
}

export function budgetsAndEstimates(store: () => Store): void {
  test('U2: a sum is an estimate as long as a part of it is', async () => {
    await append(store(), batch('s', [], { ...first, state: state({}) }));
    const cost = async () => (await store().usage({ by: ['day'], limit: 1 })).total.cost;
    await report(store(), 'a', dollars(1));
    expect(await cost()).toEqual([dollars(1)]);
    await report(store(), 'b', estimated(2));
    await report(store(), 'c', estimated(4));
    expect(await cost()).toEqual([estimated(7)]);
    await report(store(), 'd', dollars(8), 'b');
    expect(await cost()).toEqual([estimated(13)]);
    await report(store(), 'e', dollars(4), 'c');
    expect(await cost()).toEqual([dollars(13)]);
    await report(store(), 'f', estimated(1), 'a');
    expect(await cost()).toEqual([estimated(13)]);
  });

  test('U4: the budget of all sessions is kept, replaced and taken away', async () => {
    const { budgets } = store();
    expect(await budgets.read()).toBeNull();
    const budget: GlobalBudget = { limits: { runs: 1 }, action: 'ask', period: 'day' };
    for (const one of [budget, { ...budget, action: 'stop' as const }, null]) {
      await budgets.set(one);
      expect(await budgets.read()).toEqual(one);
    }
  });

  test('U4: what is used is summed up for all, for a day and for each session', async () => {
    const at = (day: number, hour: number) => ({
      at: `2026-01-0${day}T${String(hour).padStart(2, '0')}:00:00.000Z`,
    });
    const { budgets } = store();
    expect(await budgets.spent()).toEqual({ tokens: 0, cost: {}, runs: 0, wallMs: 0 });
    for (const session of ['s', 't']) {
      await append(store(), batch(session, [], { ...first, state: state({}) }));
    }
    const euros = { amount: 2, currency: 'EUR' };
    const used = (id: string, cost: UsageReport['cost'], day: number) =>
      usage(
        id,
        { key: id, tokens: tokens(10, { cacheRead: 5 }), ...(cost === undefined ? {} : { cost }) },
        at(day, 1),
      );
    await append(
      store(),
      batch('s', [
        { ...runStarted('r1', 'one'), ...at(1, 23) },
        used('a', dollars(1), 1),
        // It lasts over midnight.
        { ...runEnded('r2', 'one'), ...at(2, 2) },
        used('b', euros, 2),
      ]),
    );
    await append(
      store(),
      batch('t', [{ ...runStarted('r1', 'one'), ...at(2, 3) }, used('a', undefined, 2)]),
    );
    const hour = 3_600_000;
    expect(await budgets.spent()).toEqual({
      tokens: 45,
      cost: { USD: 1, EUR: 2 },
      runs: 2,
      wallMs: 3 * hour,
    });
    expect(await budgets.spent('2026-01-02')).toEqual({
      tokens: 30,
      cost: { EUR: 2 },
      runs: 1,
      wallMs: 2 * hour,
    });
    expect(await budgets.spentBy(['s', 't', 'nobody'])).toEqual({
      s: { tokens: 30, cost: { USD: 1, EUR: 2 }, runs: 1, wallMs: 3 * hour },
      t: { tokens: 15, cost: {}, runs: 1, wallMs: 0 },
    });
  });
}
