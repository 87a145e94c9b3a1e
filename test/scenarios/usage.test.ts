import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from './place.ts';
import { testRefusals } from './refusals.ts';
import { refusal } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

describe('usage.summary', () => {
  test('U1 L6: sums up what runs have used, by what is asked for, with children and in pages', async () => {
    const { id: session } = await place.session();
    const { id: child } = await place.session({ parent: session });
    await place.run(session, '[[usage 1000|200]] [[cost 0.25]] [[say a]]');
    await place.run(session, '[[usage 500|100]] [[cost 0.5]] [[say b]]');
    await place.run(child, '[[usage 10|1]] [[say c]]');
    const own = await place.http.call('usage.summary', { session, by: ['session'] });
    expect(own.rows).toMatchObject([{ session, runs: 2, tokens: { input: 1500, output: 300 } }]);
    expect(own.total.cost).toEqual([{ amount: 0.75, currency: 'USD' }]);
    const family = { session, withChildren: true, by: ['session', 'agent'], limit: 1 };
    const first = await place.socket.call('usage.summary', family);
    expect(first.total).toMatchObject({ runs: 3, tokens: { input: 1510, output: 301 } });
    const next = { ...family, cursor: first.next };
    const second = await place.http.call('usage.summary', next);
    const seen = [...first.rows, ...second.rows].map((row) => [row.session, row.agent]);
    expect(new Set(seen.map(String))).toEqual(
      new Set([`${session},scripted`, `${child},scripted`]),
    );
    expect(second.next).toBeNull();
    const later = await place.http.call('usage.summary', { session, since: '2999-01-01' });
    expect(later).toMatchObject({ rows: [], total: { runs: 0 } });
  });

  testRefusals(() => place, 'usage.summary', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['a group that is none', { by: ['colour'] }, 'invalid', 'by.0'],
    ['a group twice', { by: ['day', 'day'] }, 'invalid', 'by'],
    ['a day that is none', { since: 'monday' }, 'invalid', 'since'],
    ['a cursor that is none', { cursor: 'x' }, 'invalid', 'cursor'],
  ]);
});

const tokens = (count: number, action: string) => ({ limits: { tokens: count }, action });

describe('budgets.get', () => {
  test('U4 L6: tells what a session and its children may use, and how much of it they have', async () => {
    const budget = tokens(2000, 'ask');
    const { id: session } = await place.session({ budget });
    const { id: child } = await place.session({ parent: session });
    await place.run(session, '[[usage 1000|200]] [[cost 0.25]] [[say a]]');
    await place.run(child, '[[usage 10|1]] [[say c]]');
    const standing = await place.socket.call('budgets.get', { session });
    expect(standing).toMatchObject({
      session,
      budget: { ...budget, period: 'total' },
      spent: { tokens: 1211, cost: [{ amount: 0.25, currency: 'USD' }], runs: 2 },
    });
    expect(await place.http.call('budgets.get', { session: child })).toMatchObject({
      budget: null,
      spent: { tokens: 11, cost: [], runs: 1 },
    });
    // Both lasted for a time, and that is told of the daemon after this one, too.
    expect(standing.spent.wallMs).toBeGreaterThan(0);
    await place.restart();
    expect(await place.http.call('budgets.get', { session })).toEqual(standing);
  });

  test('U3 S1 P3: one that asks holds what comes next, until it is released by who may approve', async () => {
    const { id: session } = await place.session({ budget: tokens(100, 'ask') });
    await place.run(session, '[[usage 100|1]] [[say spent]]');
    const sent = await place.http.call('sessions.send', { session, content: '[[say more]]' });
    expect(sent).toMatchObject({ state: 'queued', position: 1 });
    await place.restart();
    const { secret } = await place.http.call('tokens.create', { name: 'd', scopes: ['drive'] });
    const driver = await place.open(secret);
    const refused = await refusal(driver.call('queue.release', { session }));
    expect(refused).toMatchObject({ code: 'forbidden', field: 'session' });
    const follower = await place.follow(session);
    expect((await place.http.call('queue.release', { session })).run).not.toBeNull();
    await follower.until(
      'its end',
      ({ kind, seq }) => kind === 'run_ended' && seq > sent.entry.seq,
    );
  });

  test('U3 R4 R7: one that stops aborts the run that goes beyond it, and refuses what comes next', async () => {
    const { id: session } = await place.session({
      budget: { limits: { wallMs: 1000 }, action: 'stop' },
    });
    const { run } = await place.run(session, '[[say at it]] [[hang]]');
    const log = await place.log(session);
    expect(log.find(({ kind }) => kind === 'abort')).toMatchObject({
      runId: run,
      data: { reason: 'budget' },
    });
    await place.restart();
    const refused = await refusal(
      place.http.call('sessions.send', { session, content: '[[say more]]' }),
    );
    expect(refused).toMatchObject({ code: 'limited', field: 'session', data: { what: 'wallMs' } });
    expect(refused.message).toMatch(/The budget of the session is spent: .* Raise it with/);
    await place.http.call('sessions.patch', { session, budget: null });
    await place.run(session, '[[say well again]]');
  });

  test('U3 R3: a run that ends with what it has used is complete, and the next is not begun', async () => {
    const { id: session } = await place.session({ budget: tokens(100, 'stop') });
    const { run } = await place.run(session, '[[usage 100|1]] [[say done]]');
    const { run: ended } = await place.http.call('runs.get', { session, run });
    expect(ended.outcome).toBe('completed');
    const call = place.socket.call('sessions.send', { session, content: '[[say more]]' });
    expect((await refusal(call)).code).toBe('limited');
  });

  testRefusals(() => place, 'budgets.get', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
  ]);
});

describe('budgets.set', () => {
  test('U4 S1: of several at once the last one holds, for all sessions, until it is taken away', async () => {
    const counts = [10 ** 9, 10 ** 9 + 1, 10 ** 9 + 2];
    const set = (count: number) =>
      place.http.call('budgets.set', { budget: { ...tokens(count, 'stop'), period: 'total' } });
    await Promise.all(counts.map(set));
    const { budget, spent } = await place.http.call('budgets.get');
    expect(counts).toContain((budget!['limits'] as { tokens: number }).tokens);
    const { id: session } = await place.session();
    await place.run(session, '[[usage 1000|200]] [[say a]]');
    const after = await place.http.call('budgets.get');
    expect(after.spent.tokens - spent.tokens).toBe(1200);
    await set(after.spent.tokens);
    const call = place.http.call('sessions.send', { session, content: '[[say b]]' });
    expect(await refusal(call)).toMatchObject({ code: 'limited', data: { of: 'global' } });
    expect(await place.http.call('budgets.set', { budget: null })).toMatchObject({ budget: null });
    await place.run(session, '[[say b]]');
  });

  testRefusals(() => place, 'budgets.set', [
    ['no limit', { budget: { limits: {}, action: 'stop' } }, 'invalid', 'budget.limits'],
    ['no action', { budget: { limits: { runs: 1 } } }, 'invalid', 'budget.action'],
    [
      'a currency that is none',
      { budget: { limits: { cost: { amount: 1, currency: '$' } }, action: 'ask' } },
      'invalid',
      'budget.limits.cost.currency',
    ],
    [
      'a limit that is reached more often than can be counted',
      { budget: { limits: { cost: { amount: 1e-310, currency: 'USD' } }, action: 'warn' } },
      'invalid',
      'budget.limits.cost.amount',
    ],
  ]);
});

describe('prices.get', () => {
  test('U2: tells the prices of the file, by which is estimated what agents do not tell', async () => {
    const { file } = await place.http.call('prices.get');
    const price = { model: '*', input: 2, output: 10 };
    const known = (
      test: (told: { problem: string | null; prices: readonly unknown[] }) => boolean,
    ) => expect.poll(async () => test(await place.http.call('prices.get')), { timeout: 20_000 });
    await writeFile(file!, JSON.stringify({ currency: 'EUR', prices: [price] }));
    await known(({ prices }) => prices.length === 1).toBe(true);
    const { id: session } = await place.session({ model: 'brisk' });
    await place.run(session, '[[usage 500000|100000]] [[say a]]');
    const estimate = { amount: 2, currency: 'EUR', estimate: true };
    const used = (await place.log(session)).find(({ kind }) => kind === 'usage');
    expect(used?.data['cost']).toEqual(estimate);
    await writeFile(file!, '{');
    await known(({ problem }) => problem !== null).toBe(true);
    expect((await place.http.call('prices.get')).prices).toHaveLength(1);
    await rm(file!);
    await known(({ prices, problem }) => prices.length === 0 && problem === null).toBe(true);
    const { total } = await place.http.call('usage.summary', { session });
    expect(total.cost).toEqual([estimate]);
  });

  testRefusals(() => place, 'prices.get', [
    ['what it has not', { colour: 'red' }, 'invalid', 'colour'],
  ]);
});
