import { describe, expect, onTestFinished, test } from 'vitest';
import type { Budget, GlobalBudget } from '../../src/domain/budget.ts';
import type { RunEnded } from '../../src/domain/entry.ts';
import { noTokens } from '../../src/domain/usage.ts';
import { plainDriver, type Turn } from '../../src/testing/index.ts';
import type { Store } from '../../src/ports/store.ts';
import { storeWith } from './store-with.ts';
import { by, memoryStore, Workbench } from './workbench.ts';

/** `use 5 use 7 hold` uses so many tokens one after the other, then works until it is cancelled. */
async function spender(turn: Turn): Promise<void> {
  const words = turn.text.split(' ');
  for (const [at, word] of words.entries()) {
    if (word === 'use') use(turn, { tokens: Number(words[at + 1]) });
    if (word === 'pay') use(turn, { amount: Number(words[at + 1]) });
    if (word === 'ask') await turn.ask('may I?');
    if (word === 'hold') {
      turn.say('at it');
      await turn.cancelled;
      turn.end('cancelled');
    }
  }
}

let reports = 0;
function use(turn: Turn, { tokens = 0, amount }: { tokens?: number; amount?: number }): void {
  const cost = amount === undefined ? {} : { cost: { amount, currency: 'USD' } };
  const key = `r${(reports += 1)}`;
  turn.print({
    type: 'usage',
    report: { key, model: 'm-1', tokens: { ...noTokens, input: tokens }, ...cost },
  });
}

async function budgeted(bench: Workbench, budget: Budget, parent?: string): Promise<string> {
  const changes = { budget, ...(parent === undefined ? {} : { parent }) };
  return (await bench.engine.create({ changes }, by)).row.id;
}

async function run(bench: Workbench, session: string, text: string): Promise<RunEnded> {
  const watch = await bench.watch(session);
  const { run: begun } = await bench.send(session, text);
  return (await watch.entry('run_ended', ({ runId }) => runId === begun)).data;
}

const tokens = (count: number, action: Budget['action']): Budget => ({
  limits: { tokens: count },
  action,
});

async function notices(bench: Workbench, session: string): Promise<string[]> {
  return (await bench.of(session, 'notice'))
    .filter(({ data }) => data.code === 'budget')
    .map(({ data }) => data.text);
}

describe('a budget that stops', () => {
  test('U3 R4: aborts the run in the transaction that stores what went beyond it, and takes no prompt', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, tokens(10, 'stop'));
    expect(await run(bench, session, 'use 9')).toMatchObject({ outcome: 'completed' });
    expect(await run(bench, session, 'use 1 hold')).toMatchObject({ outcome: 'cancelled' });
    const log = await bench.log(session);
    const at = log.findLastIndex(({ kind }) => kind === 'usage');
    expect(log.slice(at, at + 3)).toMatchObject([
      { kind: 'usage' },
      { kind: 'notice', data: { code: 'budget', budget: [{ what: 'tokens', level: 1 }] } },
      { kind: 'abort', data: { reason: 'budget' }, by: { type: 'server' } },
    ]);
    const refused = bench.send(session, 'use 1');
    await expect(refused).rejects.toMatchObject({
      refusal: {
        code: 'limited',
        message:
          'The budget of the session is spent: 10 tokens of 10 tokens. Raise it with sessions.patch with budget.',
        data: { of: session, what: 'tokens', limit: 10, spent: 10 },
      },
    });
    await bench.engine.patch(session, { changes: { budget: tokens(12, 'stop') } }, by);
    expect(await run(bench, session, 'use 1')).toMatchObject({ outcome: 'completed' });
    expect(await bench.engine.budgets.ofSession(session)).toMatchObject({
      budget: tokens(12, 'stop'),
      spent: { tokens: 11, runs: 3 },
    });
  });

  test('U3 P3 R7: holds what waits after the run that spent it, over a restart, too', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, { limits: { runs: 2 }, action: 'stop' });
    const watch = await bench.watch(session);
    for (const text of ['ask', 'use 1', 'use 2']) await bench.send(session, text);
    const asked = await watch.entry('approval');
    const decision = { approval: asked.id, choice: { verdict: 'allow' } } as const;
    await bench.engine.approvals.decide(session, decision, by);
    await watch.entry('queue', ({ data }) => data.change === 'held');
    await bench.boot();
    expect(await bench.engine.queue.list(session)).toMatchObject({ held: true, items: [{}] });
    const released = bench.engine.queue.release(session, by, { beyondBudget: true });
    await expect(released).rejects.toMatchObject({ refusal: { code: 'limited' } });
    await bench.engine.patch(session, { changes: { budget: null } }, by);
    expect((await bench.engine.queue.release(session, by)).run).not.toBeNull();
  });

  test('U3: of runs lets the last one end, and begins no other', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, { limits: { runs: 2 }, action: 'stop' });
    for (const _ of [1, 2]) {
      expect(await run(bench, session, 'use 1')).toMatchObject({ outcome: 'completed' });
    }
    await expect(bench.send(session, 'use 1')).rejects.toMatchObject({
      refusal: { code: 'limited', data: { what: 'runs' } },
    });
  });

  test('U3 P2: of runs takes a prompt that steers the last one, and no other', async () => {
    const driver = plainDriver({ profile: { steer: true } });
    const bench = await Workbench.open({ play: spender, driver });
    const session = await budgeted(bench, { limits: { runs: 1 }, action: 'stop' });
    const watch = await bench.watch(session);
    await bench.send(session, 'hold');
    await watch.entry('delivery');
    const steered = await bench.send(session, 'more', { delivery: 'steer' });
    expect(steered.state).toBe('steering');
    await expect(bench.send(session, 'more')).rejects.toMatchObject({
      refusal: { code: 'limited' },
    });
    await bench.abort(session, { wait: true });
  });

  test('U3: of money counts its own currency and no other', async () => {
    const bench = await Workbench.open({ play: spender });
    const limits = { cost: { amount: 1, currency: 'EUR' } };
    const session = await budgeted(bench, { limits, action: 'stop' });
    expect(await run(bench, session, 'pay 5')).toMatchObject({ outcome: 'completed' });
    const dollars: Budget = {
      limits: { cost: { amount: 6, currency: 'USD' } },
      action: 'stop',
    };
    await bench.engine.patch(session, { changes: { budget: dollars } }, by);
    expect(await run(bench, session, 'pay 0.5')).toMatchObject({ outcome: 'completed' });
    expect(await run(bench, session, 'pay 0.5 hold')).toMatchObject({ outcome: 'cancelled' });
  });

  test('U3 R7: of wall time ends the run when its time has come, in the next daemon, too', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, { limits: { wallMs: 60_000 }, action: 'stop' });
    const first = await bench.watch(session);
    await bench.send(session, 'hold');
    await first.entry('delivery');
    bench.clock.advance(40_000);
    await bench.abort(session, { wait: true });
    await bench.boot();
    const watch = await bench.watch(session);
    await bench.send(session, 'hold');
    await watch.entry('delivery', () => true, 2);
    bench.clock.advance(19_000);
    // What was asked of it by then is behind it.
    await bench.engine.patch(session, { changes: { label: 'l' } }, by);
    expect(await bench.of(session, 'abort')).toHaveLength(1);
    bench.clock.advance(1000);
    await watch.entry('run_ended', () => true, 2);
    expect((await bench.of(session, 'abort')).at(-1)?.data.reason).toBe('budget');
  });
});

describe('a budget that warns', () => {
  test('U3 R7: says so once for each time that its limit is reached, and not again after a restart', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, tokens(10, 'warn'));
    await run(bench, session, 'use 9');
    expect(await notices(bench, session)).toEqual([]);
    expect(await run(bench, session, 'use 2 use 3')).toMatchObject({ outcome: 'completed' });
    expect(await notices(bench, session)).toEqual([
      'The budget of the session is spent: 11 tokens of 10 tokens.',
    ]);
    await bench.boot();
    await run(bench, session, 'use 3');
    expect(await notices(bench, session)).toHaveLength(1);
    await run(bench, session, 'use 6');
    expect(await notices(bench, session)).toHaveLength(2);
  });
});

test('U3: another limit is another crossing', async () => {
  const bench = await Workbench.open({ play: spender });
  const session = await budgeted(bench, tokens(10, 'warn'));
  await run(bench, session, 'use 12');
  for (const limit of [11, 12, 13]) {
    await bench.engine.patch(session, { changes: { budget: tokens(limit, 'warn') } }, by);
    await run(bench, session, 'nothing');
  }
  expect(await notices(bench, session)).toEqual(
    [10, 11, 12].map(
      (limit) => `The budget of the session is spent: 12 tokens of ${limit} tokens.`,
    ),
  );
});

describe('a budget that asks', () => {
  test('U3 A1: lets the run go on until somebody says no', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, tokens(10, 'ask'));
    const watch = await bench.watch(session);
    await bench.send(session, 'use 10 use 1 hold');
    const asked = await watch.entry('approval');
    expect(asked.data).toMatchObject({ outside: true, budget: { what: 'tokens', level: 1 } });
    expect(asked.by).toEqual({ type: 'server' });
    await watch.entry('usage', () => true, 2);
    expect(await bench.of(session, 'approval')).toHaveLength(1);
    const choice = { verdict: 'deny' } as const;
    await bench.engine.approvals.decide(session, { approval: asked.id, choice }, by);
    expect((await watch.entry('run_ended')).data.outcome).toBe('cancelled');
    expect(await bench.of(session, 'abort')).toMatchObject([{ data: { reason: 'budget' }, by }]);
  });

  test('U3 A1: heeds a no, however much more is used before it is said', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, tokens(10, 'ask'));
    const watch = await bench.watch(session);
    await bench.send(session, 'use 10 use 25 hold');
    const asked = await watch.entry('approval');
    await watch.entry('usage', () => true, 2);
    const choice = { verdict: 'deny' } as const;
    await bench.engine.approvals.decide(session, { approval: asked.id, choice }, by);
    expect((await watch.entry('run_ended')).data.outcome).toBe('cancelled');
    expect(await bench.of(session, 'approval')).toHaveLength(1);
  });

  test('U3 A1 R7: remembers a yes until as much is used again', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, tokens(10, 'ask'));
    const watch = await bench.watch(session);
    await bench.send(session, 'use 10 hold');
    const asked = await watch.entry('approval');
    const choice = { verdict: 'allow' } as const;
    await bench.engine.approvals.decide(session, { approval: asked.id, choice }, by);
    await bench.abort(session, { wait: true });
    await bench.boot();
    expect(await run(bench, session, 'use 9')).toMatchObject({ outcome: 'completed' });
    const later = await bench.watch(session);
    await bench.send(session, 'use 1 hold');
    const again = await later.entry('approval', () => true, 2);
    expect(again.data.budget).toMatchObject({ level: 2 });
    await bench.abort(session, { wait: true });
  });

  test('U3 S1 P3: without a run holds the next prompt until somebody who may approve lets it go on', async () => {
    const bench = await Workbench.open({ play: spender });
    const session = await budgeted(bench, tokens(10, 'ask'));
    await run(bench, session, 'use 3');
    await bench.engine.patch(session, { changes: { budget: tokens(3, 'ask') } }, by);
    for (const queued of [1, 2]) {
      const sent = await bench.send(session, 'use 1');
      expect(sent).toMatchObject({ state: 'queued', position: queued });
    }
    expect(await bench.engine.queue.list(session)).toMatchObject({ held: true });
    expect(await notices(bench, session)).toHaveLength(1);
    const release = bench.engine.queue.release(session, by);
    await expect(release).rejects.toMatchObject({ refusal: { code: 'forbidden' } });
    const watch = await bench.watch(session);
    await bench.engine.queue.release(session, by, { beyondBudget: true });
    await watch.entry('run_ended', () => true, 3);
    // Both: what is allowed is not asked about again before as much is used once more.
    expect(await bench.of(session, 'run_ended')).toHaveLength(3);
    expect((await bench.of(session, 'notice')).at(-1)).toMatchObject({
      by,
      data: { budget: [{ state: 'allowed', level: 1 }] },
    });
  });
});

describe('a budget of several sessions', () => {
  test('U4 S1: what children use counts towards that of their parent, and stops the whole family', async () => {
    const bench = await Workbench.open({ play: spender });
    const parent = await budgeted(bench, tokens(10, 'stop'));
    const child = (await bench.engine.create({ changes: { parent } }, by)).row.id;
    const grandchild = (await bench.engine.create({ changes: { parent: child } }, by)).row.id;
    const [above, below] = [await bench.watch(parent), await bench.watch(child)];
    await run(bench, grandchild, 'use 4');
    await bench.send(parent, 'use 1 hold');
    await above.entry('usage');
    await bench.send(child, 'use 5 hold');
    for (const watch of [above, below]) {
      expect((await watch.entry('run_ended')).data.outcome).toBe('cancelled');
    }
    expect((await notices(bench, child))[0]).toMatch(/of the session .*, from which it descends/);
    await bench.boot();
    for (const session of [parent, child, grandchild]) {
      await expect(bench.send(session, 'use 1')).rejects.toMatchObject({
        refusal: { code: 'limited', data: { of: parent, spent: 10 } },
      });
    }
    const made = bench.engine.create(
      { changes: { parent: grandchild }, prompt: { content: [{ type: 'text', text: 'use 1' }] } },
      by,
    );
    await expect(made).rejects.toMatchObject({ refusal: { code: 'limited' } });
    expect(await bench.engine.budgets.ofSession(parent)).toMatchObject({
      spent: { tokens: 10, runs: 3 },
    });
    expect((await bench.engine.budgets.ofSession(child)).spent.tokens).toBe(9);
  });

  test('U4: of sessions that are not loaded nothing is remembered, and all of it holds when they are again', async () => {
    const real = await memoryStore();
    onTestFinished(() => real.close());
    let reads = 0;
    const spentBy: Store['budgets']['spentBy'] = (sessions) => {
      reads += 1;
      return real.budgets.spentBy(sessions);
    };
    const store = storeWith(real, () => ({ budgets: { ...real.budgets, spentBy } }));
    const bench = await Workbench.open({ play: spender, store });
    const parent = await budgeted(bench, tokens(10, 'stop'));
    const child = (await bench.engine.create({ changes: { parent } }, by)).row.id;
    await run(bench, child, 'use 4');
    const known = reads;
    await run(bench, child, 'use 5');
    expect(reads).toBe(known);
    await bench.engine.shutdown('stop');
    await bench.boot();
    await bench.engine.get(child);
    const again = reads;
    for (let beats = 0; beats < 3; beats++) {
      await bench.clock.armed(90_000);
      bench.clock.advance(90_000);
    }
    await bench.clock.armed(90_000);
    await bench.engine.get(child);
    expect(reads).toBeGreaterThan(again);
    await expect(run(bench, child, 'use 1 hold')).resolves.toMatchObject({ outcome: 'cancelled' });
    await expect(bench.send(parent, 'use 1')).rejects.toMatchObject({
      refusal: { code: 'limited', data: { of: parent, spent: 10 } },
    });
  });

  test('U4: what a parent uses stops its children, and all their time is added up', async () => {
    const bench = await Workbench.open({ play: spender });
    const parent = await budgeted(bench, {
      limits: { tokens: 10, wallMs: 60_000 },
      action: 'stop',
    });
    const child = (await bench.engine.create({ changes: { parent } }, by)).row.id;
    const [above, below] = [await bench.watch(parent), await bench.watch(child)];
    const ends = async (nth: number): Promise<void> => {
      for (const watch of [above, below]) {
        const ended = await watch.entry('run_ended', () => true, nth);
        expect(ended.data.outcome).toBe('cancelled');
      }
    };
    await bench.send(child, 'hold');
    await below.entry('delivery');
    await bench.send(parent, 'use 10 hold');
    await ends(1);
    await bench.engine.patch(
      parent,
      { changes: { budget: { limits: { wallMs: 60_000 }, action: 'stop' } } },
      by,
    );
    for (const session of [parent, child]) await bench.send(session, 'hold');
    for (const watch of [above, below]) await watch.entry('delivery', () => true, 2);
    bench.clock.advance(29_999);
    await bench.engine.patch(child, { changes: { label: 'l' } }, by);
    expect(await bench.of(child, 'abort')).toHaveLength(1);
    bench.clock.advance(1);
    await ends(2);
  });

  test('U4: a run that lasts over midnight counts on each day for itself', async () => {
    const bench = await Workbench.open({ play: spender });
    const budget: GlobalBudget = { limits: { wallMs: 60_000 }, action: 'stop', period: 'day' };
    await bench.engine.budgets.set(budget);
    bench.clock.advance(24 * 3_600_000 - 50_000);
    const session = await bench.session();
    const watch = await bench.watch(session);
    await bench.send(session, 'hold');
    await watch.entry('delivery');
    bench.clock.advance(50_000 + 20_000);
    await bench.engine.patch(session, { changes: { label: 'l' } }, by);
    expect(await bench.of(session, 'abort')).toEqual([]);
    expect(bench.engine.budgets.global().spent.wallMs).toBe(20_000);
    bench.clock.advance(40_000);
    expect((await watch.entry('run_ended')).data.outcome).toBe('cancelled');
    expect(bench.engine.budgets.global().spent.wallMs).toBe(60_000);
  });

  test('U4 R7: that of all counts what was used before it was set, by day or in all', async () => {
    const bench = await Workbench.open({ play: spender });
    const [a, b] = [await bench.session(), await bench.session()];
    await run(bench, a, 'use 6');
    const total: GlobalBudget = { ...tokens(10, 'stop'), period: 'total' };
    await bench.engine.budgets.set(total);
    await run(bench, b, 'use 3');
    await bench.boot();
    expect(bench.engine.budgets.global()).toMatchObject({ spent: { tokens: 0 } });
    await bench.engine.get(a);
    expect(bench.engine.budgets.global()).toEqual({
      budget: total,
      spent: { tokens: 9, cost: {}, runs: 2, wallMs: 0 },
    });
    expect(await run(bench, b, 'use 1 hold')).toMatchObject({ outcome: 'cancelled' });
    await expect(bench.send(a, 'use 1')).rejects.toMatchObject({
      refusal: { code: 'limited', message: expect.stringContaining('all sessions') as string },
    });
    bench.clock.advance(24 * 3600_000);
    await expect(bench.send(a, 'use 1')).rejects.toMatchObject({ refusal: { code: 'limited' } });
    await bench.engine.budgets.set({ ...total, period: 'day' });
    expect(await run(bench, a, 'use 9')).toMatchObject({ outcome: 'completed' });
    expect(await run(bench, a, 'use 1 hold')).toMatchObject({ outcome: 'cancelled' });
    await bench.boot();
    await expect(bench.send(b, 'use 1')).rejects.toMatchObject({
      refusal: { data: { day: '2026-01-02' } },
    });
    bench.clock.advance(24 * 3600_000);
    expect(await run(bench, b, 'use 9')).toMatchObject({ outcome: 'completed' });
  });

  test('U4: that of all is crossed by two at once, and both are stopped', async () => {
    const bench = await Workbench.open({ play: spender });
    await bench.engine.budgets.set({ ...tokens(10, 'stop'), period: 'total' });
    const sessions = [await bench.session(), await bench.session()];
    const watches = await Promise.all(sessions.map((session) => bench.watch(session)));
    await Promise.all(sessions.map((session) => bench.send(session, 'use 5 hold')));
    for (const watch of watches) {
      expect((await watch.entry('run_ended')).data.outcome).toBe('cancelled');
    }
  });
});

describe('prices', () => {
  const prices = [{ model: 'm-*', currency: 'USD', input: 2, output: 10 }];

  test('U2: what an agent does not tell is estimated when it is stored, and stays so', async () => {
    const bench = await Workbench.open({ play: spender, prices });
    const session = await bench.session();
    await run(bench, session, 'use 500000');
    expect(await run(bench, session, 'use 500000 pay 1')).toMatchObject({
      usage: { cost: { amount: 2, currency: 'USD', estimate: true } },
    });
    const used = await bench.of(session, 'usage');
    expect(used.map(({ data }) => data.cost)).toEqual([
      { amount: 1, currency: 'USD', estimate: true },
      { amount: 1, currency: 'USD', estimate: true },
      { amount: 1, currency: 'USD' },
    ]);
    const { total } = await bench.store.usage({ by: ['day'], limit: 1 });
    expect(total.cost).toEqual([{ amount: 3, currency: 'USD', estimate: true }]);
  });

  test('U2 U3: an agent that tells its cost later is limited by the estimate until then', async () => {
    const driver = plainDriver({ profile: { costsLater: true } });
    const bench = await Workbench.open({ play: spender, prices, driver });
    const session = await bench.session();
    expect(await run(bench, session, 'use 500000 pay 0.75')).toMatchObject({
      usage: { cost: { amount: 0.75, currency: 'USD' } },
    });
    const limits = { cost: { amount: 1.5, currency: 'USD' } };
    await bench.engine.patch(session, { changes: { budget: { limits, action: 'stop' } } }, by);
    // It is stopped before it has told any cost: what was estimated is what it has cost.
    expect(await run(bench, session, 'use 500000 hold')).toMatchObject({
      outcome: 'cancelled',
      usage: { cost: { amount: 1, currency: 'USD', estimate: true } },
    });
    const { row } = await bench.engine.get(session);
    expect(row.cost).toEqual({ amount: 1.75, currency: 'USD', estimate: true });
    const { total } = await bench.store.usage({ by: ['day'], limit: 1 });
    expect(total.cost).toEqual([{ amount: 1.75, currency: 'USD', estimate: true }]);
  });

  test('U2 U4 R7: what is only estimated yet counts in the next daemon, too', async () => {
    const driver = plainDriver({ profile: { costsLater: true } });
    const bench = await Workbench.open({ play: spender, prices, driver });
    const limits = { cost: { amount: 10, currency: 'USD' } };
    await bench.engine.budgets.set({ limits, action: 'stop', period: 'total' });
    const session = await bench.session();
    const watch = await bench.watch(session);
    await bench.send(session, 'use 500000 hold');
    await watch.entry('usage');
    await bench.boot();
    await bench.engine.recovered;
    expect(bench.engine.budgets.global().spent.cost).toEqual({ USD: 1 });
    await bench.abort(session, { wait: true });
    expect(bench.engine.budgets.global().spent.cost).toEqual({ USD: 1 });
    await bench.boot();
    await bench.engine.get(session);
    expect(bench.engine.budgets.global().spent.cost).toEqual({ USD: 1 });
  });
});
