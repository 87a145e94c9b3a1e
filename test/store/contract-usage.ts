import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evolve } from '../../src/domain/evolve.ts';
import { emptySession } from '../../src/domain/session-state.ts';
import {
  noTokens,
  noUsage,
  type Tokens,
  type Usage,
  type UsageReport,
} from '../../src/domain/usage.ts';
import type { SessionColumns, Store, UsageQuery, UsageSum } from '../../src/ports/store.ts';
import { dollars, tokens, usage } from './reports.ts';
import { append, batch, first, notice, runEnded, runStarted, state, time } from './sample.ts';

type Columns = Partial<SessionColumns>;

async function make(store: Store, session: string, columns: Columns = {}): Promise<void> {
  await append(store, batch(session, [], { ...first, state: state(columns) }));
}

/** A report of a run on a day, and what it is known by. */
interface Told {
  session: string;
  report: UsageReport;
  day: string;
  run: string | null;
}

async function tell(store: Store, id: string, { session, report, day, run }: Told): Promise<void> {
  const fields = { at: `${day}T23:59:59.999Z`, ...(run === null ? {} : { runId: run }) };
  const verdict = await append(store, batch(session, [usage(id, report, fields)]));
  expect(verdict).toMatchObject({ status: 'stored' });
}

const whole = { limit: 200 } as const;
const rowsOf = async (store: Store, query: Omit<UsageQuery, 'limit'> & { limit?: number }) =>
  (await store.usage({ ...whole, ...query })).rows;

/** Three sessions of two agents in two directories, on three days. */
async function fill(store: Store): Promise<void> {
  await make(store, 'a', { agent: 'claude', cwd: '/one', title: 'First' });
  await make(store, 'b', { agent: 'claude', cwd: '/two' });
  await make(store, 'c', { agent: 'other', cwd: '/one' });
  const report = (key: string, input: number, model: string, amount?: number): UsageReport => ({
    key,
    model,
    tokens: tokens(input),
    ...(amount === undefined ? {} : { cost: dollars(amount) }),
  });
  const told: readonly Told[] = [
    { session: 'a', report: report('k1', 1, 'big', 0.1), day: '2026-03-01', run: 'r1' },
    { session: 'a', report: report('k2', 2, 'small'), day: '2026-03-02', run: 'r1' },
    { session: 'a', report: report('k3', 4, 'big', 0.2), day: '2026-03-02', run: 'r2' },
    { session: 'b', report: report('k1', 8, 'big', 1), day: '2026-03-02', run: 'r1' },
    { session: 'c', report: { key: 'k1', tokens: tokens(16) }, day: '2026-03-03', run: null },
  ];
  for (const [index, one] of told.entries()) await tell(store, `e${index}`, one);
}

const inputs = (rows: readonly (UsageSum & object)[]) => rows.map((row) => row.tokens.input);

export function usageSums(store: () => Store): void {
  test('usage is summed up by session, agent, model, day and directory, and by several of them', async () => {
    await fill(store());
    const of = (by: UsageQuery['by']) => rowsOf(store(), { by });
    const short = async (by: UsageQuery['by']) =>
      (await of(by)).map((row) => [
        ...by.map((group) => row[group]),
        row.tokens.input,
        row.runs,
        row.reports,
      ]);
    expect(await short(['session'])).toEqual([
      ['c', 16, 0, 1],
      ['b', 8, 1, 1],
      ['a', 7, 2, 3],
    ]);
    expect(await short(['agent'])).toEqual([
      ['claude', 15, 3, 4],
      ['other', 16, 0, 1],
    ]);
    // A run with two models counts in both, and one of two days on both.
    expect(await short(['model'])).toEqual([
      [null, 16, 0, 1],
      ['big', 13, 3, 3],
      ['small', 2, 1, 1],
    ]);
    expect(await short(['day'])).toEqual([
      ['2026-03-03', 16, 0, 1],
      ['2026-03-02', 14, 3, 3],
      ['2026-03-01', 1, 1, 1],
    ]);
    expect(await short(['directory'])).toEqual([
      ['/one', 23, 2, 4],
      ['/two', 8, 1, 1],
    ]);
    expect(await short(['agent', 'day', 'model'])).toEqual([
      ['claude', '2026-03-02', 'big', 12, 2, 2],
      ['claude', '2026-03-02', 'small', 2, 1, 1],
      ['claude', '2026-03-01', 'big', 1, 1, 1],
      ['other', '2026-03-03', null, 16, 0, 1],
    ]);
    expect((await of(['session'])).map(({ title, cost }) => [title, cost])).toEqual([
      [null, []],
      [null, [dollars(1)]],
      // Not 0.30000000000000004.
      ['First', [dollars(0.3)]],
    ]);
    const { total } = await store().usage({ by: ['day'], limit: 1 });
    expect(total).toEqual({ tokens: tokens(31), cost: [dollars(1.3)], runs: 3, reports: 5 });
  });

  test('usage is asked of some days, of some sessions and of one agent', async () => {
    await fill(store());
    const of = async (query: Partial<UsageQuery>) =>
      inputs(await rowsOf(store(), { by: ['session'], ...query }));
    expect(await of({ since: '2026-03-02' })).toEqual([16, 8, 6]);
    expect(await of({ until: '2026-03-02' })).toEqual([8, 7]);
    expect(await of({ since: '2026-03-02', until: '2026-03-02' })).toEqual([8, 6]);
    expect(await of({ sessions: ['a', 'c', 'nowhere'] })).toEqual([16, 7]);
    expect(await of({ sessions: [] })).toEqual([]);
    expect(await of({ agent: 'claude' })).toEqual([8, 7]);
    expect(await of({ agent: 'claude', sessions: ['a', 'c'], since: '2026-03-02' })).toEqual([6]);
    expect((await store().usage({ by: ['day'], agent: 'none', ...whole })).total).toEqual({
      tokens: noTokens,
      cost: [],
      runs: 0,
      reports: 0,
    });
  });

  test('usage comes in pages that have every group once, each with the total of all', async () => {
    await fill(store());
    for (const by of [['session'], ['day', 'model'], ['model', 'session', 'day']] as const) {
      const all = await store().usage({ by, ...whole });
      const paged = [];
      let cursor: string | null = null;
      do {
        const page = await store().usage({
          by,
          limit: 1,
          ...(cursor === null ? {} : { cursor }),
        });
        expect(page.total).toEqual(all.total);
        paged.push(...page.rows);
        cursor = page.next;
      } while (cursor !== null);
      expect(paged).toEqual(all.rows);
    }
    const { next } = await store().usage({ by: ['session'], limit: 1 });
    await expect(
      store().usage({ by: ['day'], limit: 1, cursor: next ?? '' }),
    ).rejects.toMatchObject({ refusal: { code: 'invalid', field: 'cursor' } });
  });

  test('amounts of two currencies are never added up', async () => {
    await make(store(), 's');
    const euros = { amount: 2, currency: 'EUR' };
    const cost = { tokens: tokens(1), cost: dollars(1) };
    const entries = [
      usage('e1', { key: 'k1', ...cost }),
      usage('e2', { key: 'k2', tokens: tokens(1), cost: euros }),
      usage('e3', { key: 'k3', tokens: tokens(1), cost: { ...euros, currency: '__proto__' } }),
      usage('e4', { key: 'k4', ...cost }),
    ];
    await append(store(), batch('s', entries));
    const both = async () => (await rowsOf(store(), { by: ['day'] }))[0]?.cost;
    expect(await both()).toEqual([euros, dollars(2), { amount: 2, currency: '__proto__' }]);
    // The only report of a currency is replaced: nothing is left of it.
    await append(store(), batch('s', [usage('e5', { key: 'k2', ...cost })]));
    await append(store(), batch('s', [usage('e6', { key: 'k3', tokens: tokens(1) })]));
    expect(await both()).toEqual([dollars(3)]);
  });

  test('a report that replaces another one counts in its own place alone', async () => {
    await make(store(), 's');
    const on = (day: string, model: string, input: number) => ({
      session: 's',
      report: { key: 'k', model, tokens: tokens(input) },
      day,
      run: null,
    });
    await tell(store(), 'e1', on('2026-03-01', 'big', 5));
    await tell(store(), 'e2', on('2026-03-02', 'small', 3));
    const rows = await rowsOf(store(), { by: ['day', 'model'] });
    expect(rows).toEqual([
      {
        day: '2026-03-02',
        model: 'small',
        tokens: tokens(3),
        cost: [],
        runs: 0,
        reports: 1,
      },
    ]);
  });

  test('L3 L4: what is refused or known already is not counted', async () => {
    await make(store(), 's');
    const report = usage('e1', { key: 'k', tokens: tokens(5) });
    await append(store(), batch('s', [report]));
    await append(store(), batch('s', [report]));
    const other = usage('e1', { key: 'k', tokens: tokens(6) });
    for (const one of [
      batch('s', [other]),
      batch('s', [usage('e2', { key: 'l', tokens: tokens(7) }), runEnded('x', 'r'), notice('y')], {
        epoch: 2,
      }),
      batch('s', [
        usage('e3', { key: 'm', tokens: tokens(8) }),
        runStarted('z', 'q'),
        runEnded('u', 'q'),
        runEnded('v', 'q'),
      ]),
    ]) {
      expect(['refused', 'fenced']).toContain((await append(store(), one)).status);
    }
    expect(inputs(await rowsOf(store(), { by: ['session'] }))).toEqual([5]);
  });

  test('L7: a deleted session counts until it is purged, and then not at all', async () => {
    await fill(store());
    const gone = { deletedAt: time, purgeAt: time, agent: 'claude', cwd: '/one' };
    await append(store(), batch('a', [], { state: state(gone) }));
    expect(inputs(await rowsOf(store(), { by: ['session'] }))).toEqual([16, 8, 7]);
    await store().purge('a');
    const { rows, total } = await store().usage({ by: ['session'], ...whole });
    expect([inputs(rows), total.tokens.input, total.runs]).toEqual([[16, 8], 24, 1]);
  });

  test('what an imported log reports beyond all measure is bounded, and keeps sums sums', async () => {
    await make(store(), 's');
    const most = Number.MAX_VALUE;
    const huge = { tokens: tokens(most), cost: dollars(most) };
    const odd = { key: 'odd', model: 5, tokens: {}, cost: { amount: 'x' } } as never;
    for (const [index, key] of ['k', 'l', 'k'].entries()) {
      await append(store(), batch('s', [usage(`e${index}`, { key, ...huge })]));
    }
    await append(store(), batch('s', [usage('odd', odd)]));
    const bound = 2 * Number.MAX_SAFE_INTEGER;
    expect(await rowsOf(store(), { by: ['model'] })).toEqual([
      {
        model: null,
        tokens: tokens(bound),
        cost: [dollars(Number(bound.toPrecision(15)))],
        runs: 0,
        reports: 3,
      },
    ]);
  });

  test('L4: for any reports the sums are those of the last ones, and of the states of the sessions', async () => {
    let worlds = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(batches, { maxLength: 12 }), async (given) => {
        worlds += 1;
        const world = new World(store(), `w${worlds}`);
        await world.open();
        for (const one of given) await world.take(one);
        await world.compare();
      }),
      { numRuns: 60 },
    );
  });
}

const days = ['2026-03-01', '2026-03-02', '2026-04-01'] as const;
const models = ['big', 'small', ''] as const;
const count = fc.nat(1000);
const told = fc.record({
  key: fc.nat(8),
  day: fc.constantFrom(...days),
  model: fc.constantFrom(...models),
  run: fc.nat(2),
  tokens: fc.record({
    input: count,
    output: count,
    cacheRead: count,
    cacheWrite: count,
    thought: count,
  }),
  // Quarters add up without a rest.
  amount: fc.option(fc.nat(99).map((quarters) => quarters / 4)),
});
type Reported = typeof told extends fc.Arbitrary<infer Value> ? Value : never;
const batches = fc.record({
  session: fc.nat(1),
  reports: fc.array(told, { minLength: 1, maxLength: 5 }),
});

/** Two sessions with two runs each, and what of their reports must count by the words of the rule. */
class World {
  readonly #store: Store;
  readonly #sessions: readonly string[];
  readonly #states: ReturnType<typeof emptySession>[];
  readonly #last = new Map<string, Reported & { session: string }>();
  #entries = 0;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#sessions = [`${name}a`, `${name}b`];
    this.#states = this.#sessions.map(emptySession);
  }

  async open(): Promise<void> {
    for (const session of this.#sessions) await make(this.#store, session);
  }

  async take({ session: at, reports }: { session: number; reports: Reported[] }): Promise<void> {
    const session = this.#sessions[at]!;
    const entries = reports.map((one) => {
      const { key, day, model, run, tokens: used, amount } = one;
      this.#last.set(`${session} ${key}`, { ...one, session });
      const report: UsageReport = { key: `k${key}`, tokens: used };
      if (model !== '') report.model = model;
      if (amount !== null) report.cost = dollars(amount);
      const fields = { at: `${day}T00:00:00.000Z`, ...(run === 0 ? {} : { runId: `r${run}` }) };
      return usage(`e${(this.#entries += 1)}`, report, fields);
    });
    for (const entry of entries) {
      const before = this.#states[at]!;
      this.#states[at] = evolve(before, { ...entry, seq: before.lastSeq + 1 });
    }
    await append(this.#store, batch(session, entries));
  }

  async compare(): Promise<void> {
    const only = { sessions: this.#sessions, ...whole };
    const { rows, total } = await this.#store.usage({ by: ['session'], ...only });
    for (const [at, session] of this.#sessions.entries()) {
      const row = rows.find((one) => one.session === session);
      const usageOf = row === undefined ? noUsage : asUsage(row);
      expect(usageOf.tokens).toEqual(this.#states[at]!.usage.tokens);
      expect(usageOf.cost?.amount ?? 0).toBe(this.#states[at]!.usage.cost?.amount ?? 0);
    }
    const last = [...this.#last.values()];
    expect(total).toEqual(sumOf(last));
    const fine = await this.#store.usage({ by: ['day', 'model', 'session'], ...only });
    for (const row of fine.rows) {
      const { day, model, session, title: _, ...sum } = row;
      const same = last.filter(
        (one) => one.day === day && one.session === session && one.model === (model ?? ''),
      );
      expect(same.length).toBeGreaterThan(0);
      expect(sum).toEqual(sumOf(same));
    }
    const reports = fine.rows.reduce((sum, row) => sum + row.reports, 0);
    expect(reports).toBe(last.length);
  }
}

function asUsage({ tokens: used, cost }: UsageSum): Usage {
  return { tokens: used, cost: cost[0] ?? null };
}

function sumOf(reports: readonly (Reported & { session: string })[]): UsageSum {
  const sum: Tokens = { ...noTokens };
  for (const one of reports) {
    for (const name of Object.keys(sum) as (keyof Tokens)[]) sum[name] += one.tokens[name];
  }
  const priced = reports.flatMap(({ amount }) => (amount === null ? [] : [amount]));
  const runs = reports
    .filter(({ run }) => run !== 0)
    .map(({ session, run }) => `${session} ${run}`);
  return {
    tokens: sum,
    cost: priced.length === 0 ? [] : [dollars(priced.reduce((a, b) => a + b, 0))],
    runs: new Set(runs).size,
    reports: reports.length,
  };
}
