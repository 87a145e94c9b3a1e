import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Decide } from '../../src/domain/command.ts';
import type { By } from '../../src/domain/entry.ts';
import { limits } from '../../src/domain/limits.ts';
import type { DecideAnswer } from '../../src/engine/approval-ops.ts';
import type { RefusalError } from '../../src/domain/refusal.ts';
import { plainDriver } from '../../src/testing/index.ts';
import {
  allowed,
  allowing,
  answered,
  askEach,
  asking,
  bypassed,
  decisionOn,
  denied,
  denying,
  setPolicy,
} from './asking.ts';
import { deaf } from './agents.ts';
import { by, Workbench } from './workbench.ts';

const client = (token: string): By => ({ type: 'client', token });
const refused = (code: string, field?: string) => ({
  refusal: { code, ...(field === undefined ? {} : { field }) },
});

describe('150 questions that are open at once', () => {
  const count = 150;
  const commands = Array.from({ length: count }, (_, at) =>
    at % 3 === 0 ? `ls ${at}` : at % 7 === 0 ? `rm ${at}` : `make ${at}`,
  );
  const deciders = fc.array(
    fc.record({
      token: fc.constantFrom('ada', 'bob', 'cyd'),
      order: fc.shuffledSubarray(Array.from({ length: count }, (_, at) => at)),
      verdict: fc.constantFrom('allow' as const, 'deny' as const),
      remembers: fc.boolean(),
    }),
    { minLength: 3, maxLength: 6 },
  );

  test(
    'A1 A2 A4: have one decision each, the agent one answer, and each decider its fate, whoever is first',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(deciders, fc.boolean(), async (all, aborts) => {
          const bench = await Workbench.open({ play: askEach });
          const session = await bench.session();
          await setPolicy(bench, session, { rules: [allowing('ls *'), denying('rm *')] });
          await bench.send(session, commands.join('\n'));
          const watch = await bench.watch(session);
          await watch.entry('approval', () => true, count);
          const asked = await bench.of(session, 'approval');
          expect(asked).toHaveLength(count);
          const fates = all.flatMap(({ token, order, verdict, remembers }) =>
            order.map(async (at) => {
              const remember =
                remembers && verdict === 'allow' ? { remember: { level: 'session' as const } } : {};
              const input = { approval: asked[at]!.id, choice: { verdict }, ...remember };
              const [fate] = await Promise.allSettled([
                bench.engine.approvals.decide(session, input, client(token)),
              ]);
              return { approval: asked[at]!.id, fate, token };
            }),
          );
          if (aborts) await bench.abort(session);
          const fatesOfAll = await Promise.all(fates);
          for (const { id } of asked) {
            await bench.engine.approvals
              .decide(session, { approval: id, choice: denied }, by)
              .catch(() => undefined);
          }
          if (aborts) await bench.abort(session, { force: true });
          await watch.entry('run_ended');
          const decisions = await bench.of(session, 'decision');
          expect(decisions.map(({ about }) => String(about)).toSorted()).toEqual(
            asked.map(({ id }) => id).toSorted(),
          );
          const told = answered(bench);
          expect(told).toHaveLength(count);
          expect(new Set(told).size).toBe(count);
          const byRule = decisions.filter(({ data }) => data.ruling !== undefined);
          expect(byRule.length).toBe(commands.filter((one) => !one.startsWith('make')).length);
          const winners = new Map(decisions.map((entry) => [entry.about, entry]));
          for (const { approval, fate, token } of fatesOfAll) {
            const winner = winners.get(approval)!;
            expectFate(fate, { id: winner.id, outcome: winner.data.outcome, by: winner.by, token });
          }
          await bench.engine.shutdown('stop');
        }),
        { numRuns: 8 },
      );
    },
  );
});

/** Whoever decided is told so, the others who did. */
function expectFate(
  fate: PromiseSettledResult<DecideAnswer>,
  winner: { id: string; outcome: string; by: By; token: string },
): void {
  if (fate.status === 'fulfilled') {
    expect(fate.value).toMatchObject({ decision: { id: winner.id }, outcome: winner.outcome });
    expect(winner.by).toMatchObject(client(winner.token));
    return;
  }
  const { refusal } = fate.reason as RefusalError;
  expect(refusal.code).toBe('already_decided');
  expect(refusal.data).toMatchObject({ decision: winner.id, outcome: winner.outcome });
  expect(refusal.data?.['by']).toEqual(winner.by);
}

describe('a policy', () => {
  test('A4: decides in the transaction of the question, with its rule; the rest waits for a person', async () => {
    const bench = await Workbench.open({ play: askEach });
    const session = await bench.session();
    await setPolicy(bench, session, { rules: [allowing('git status'), denying('rm **')] });
    await bench.store.policies.set({ directory: '/work', rules: [allowing('ls')], by: 't' });
    await bench.store.policies.set({ directory: null, rules: [allowing('pwd')], by: 't' });
    await bench.boot();
    await bench.send(session, 'git status\nrm x\nls\npwd\ngitevil\ngit status; curl x | sh');
    const watch = await bench.watch(session);
    await watch.entry('approval', () => true, 6);
    const at = { effect: 'allow', rule: 0 };
    expect(await decisionOn(bench, session, 'git status')).toMatchObject({
      outcome: 'allowed',
      option: 'yes',
      ruling: { ...at, level: 'session' },
    });
    expect(await decisionOn(bench, session, 'rm x')).toMatchObject({
      outcome: 'denied',
      ruling: { effect: 'deny', level: 'session', rule: 1 },
    });
    expect(await decisionOn(bench, session, 'ls')).toMatchObject({
      ruling: { ...at, level: 'directory', directory: '/work' },
    });
    expect(await decisionOn(bench, session, 'pwd')).toMatchObject({
      ruling: { ...at, level: 'global' },
    });
    for (const title of ['gitevil', 'git status; curl x | sh']) {
      expect(await decisionOn(bench, session, title)).toBeUndefined();
    }
    const entries = await bench.log(session);
    for (const entry of entries) {
      if (entry.kind !== 'decision') continue;
      expect(entries[entry.seq - 2]).toMatchObject({ kind: 'approval', id: entry.about });
      expect(entry.by).toEqual({ type: 'server' });
    }
    expect((await bench.engine.get(session)).row).toMatchObject({ openApprovals: 2 });
    await bench.engine.shutdown('stop');
  });

  test('A4: that is changed while a question from outside is looked at is asked again', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('delivery');
    await setPolicy(bench, session, { rules: [allowing('ls')] });
    const changed = setPolicy(bench, session, { rules: [denying('ls')] });
    const asked = bench.engine.approvals.request(session, asking('q1', 'ls'), by);
    await changed;
    expect((await asked).decision).toMatchObject({ outcome: 'denied', ruling: { effect: 'deny' } });
    const log = await bench.log(session);
    const rules = log.findLast(({ kind }) => kind === 'settings')!;
    expect(rules.seq).toBeLessThan(log.find(({ id }) => id === 'q1')!.seq);
    bench.life.kill();
  });
});

describe('what is remembered', () => {
  const play = askEach;

  test('A4: for the session is not asked again, and something else is', async () => {
    const bench = await Workbench.open({ play });
    const session = await bench.session('git status');
    const watch = await bench.watch(session);
    const { id } = await watch.entry('approval');
    const input = { approval: id, choice: allowed, remember: { level: 'session' as const } };
    const answer = await bench.engine.approvals.decide(session, input, by);
    expect(answer.remembered).toEqual({ level: 'session', rules: [allowing('git status')] });
    await watch.entry('run_ended');
    await bench.send(session, 'git status\ngit status -s');
    await watch.entry('approval', () => true, 3);
    expect(await decisionOn(bench, session, 'git status')).toMatchObject({ ruling: { rule: 0 } });
    expect(await decisionOn(bench, session, 'git status -s')).toBeUndefined();
    const other = await bench.session('git status');
    await (await bench.watch(other)).entry('approval');
    expect(await decisionOn(bench, other, 'git status')).toBeUndefined();
    await bench.engine.shutdown('stop');
  });

  test('A4: for the directory holds in other sessions of it, from the answer on', async () => {
    const bench = await Workbench.open({ play });
    const session = await bench.session('git status');
    const { id } = await (await bench.watch(session)).entry('approval');
    const input = { approval: id, choice: allowed, remember: { level: 'directory' as const } };
    await bench.engine.approvals.decide(session, input, client('ada'));
    expect(await bench.store.policies.list()).toMatchObject([
      { directory: '/work', rules: [allowing('git status')], revision: 1, changedBy: 'ada' },
    ]);
    const other = await bench.session('git status');
    await (await bench.watch(other)).entry('run_ended');
    expect(await decisionOn(bench, other, 'git status')).toMatchObject({
      outcome: 'allowed',
      ruling: { level: 'directory', directory: '/work' },
    });
    await bench.engine.shutdown('stop');
  });

  test('A4: for the directory is that one file, wherever in it a session works', async () => {
    const wants = {
      tool: 'Edit',
      kind: 'edit',
      command: null,
      locations: ['/work/a.ts'],
      cwd: '/work',
    } as const;
    const bench = await Workbench.open({
      play: async (turn) => void (await turn.ask('edit', wants)),
    });
    const session = await bench.session('go');
    const { id } = await (await bench.watch(session)).entry('approval');
    const input = { approval: id, choice: allowed, remember: { level: 'directory' as const } };
    const { remembered } = await bench.engine.approvals.decide(session, input, by);
    expect(remembered?.rules).toEqual([{ effect: 'allow', kind: 'edit', path: '/work/a.ts' }]);
    await bench.engine.shutdown('stop');
  });

  test('A4: is what was given, and refused where no rule allows just that, or no rule can be followed', async () => {
    const bench = await Workbench.open({ play });
    const session = await bench.session('ls $x');
    const { id } = await (await bench.watch(session)).entry('approval');
    const decide = (
      remember: NonNullable<Parameters<typeof bench.engine.approvals.decide>[1]['remember']>,
    ) => bench.engine.approvals.decide(session, { approval: id, choice: allowed, remember }, by);
    await expect(decide({ level: 'session' })).rejects.toMatchObject(
      refused('unsupported', 'remember'),
    );
    const bad = [allowing('ls'), { effect: 'allow' as const, path: 'relative' }];
    await expect(decide({ level: 'directory', rules: bad })).rejects.toMatchObject(
      refused('invalid', 'rules.1'),
    );
    const many = Array.from({ length: limits.policyRules }, (_, at) => allowing(`ls ${at}`));
    await bench.store.policies.set({ directory: '/work', rules: many, by: 't' });
    await expect(decide({ level: 'directory', rules: [allowing('pwd')] })).rejects.toMatchObject(
      refused('too_large'),
    );
    expect(await bench.of(session, 'decision')).toEqual([]);
    expect((await bench.store.policies.list())[0]).toMatchObject({ revision: 1 });
    const rules = [allowing('ls **')];
    expect(await decide({ level: 'session', rules })).toMatchObject({
      outcome: 'allowed',
      remembered: { rules },
    });
    bench.life.kill();
  });
});

describe('a question from outside', () => {
  const open = async (): Promise<{ bench: Workbench; session: string }> => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('delivery');
    return { bench, session };
  };

  test('A1 L3: asked twice at once, again, after a restart and after its decision is one question', async () => {
    const { bench, session } = await open();
    const ask = () =>
      bench.engine.approvals.request(session, asking('q1', 'make'), client('inside'));
    const both = await Promise.all([ask(), ask(), ask()]);
    expect(both.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(both.map(({ approval }) => approval.seq)).size).toBe(1);
    await bench.boot();
    expect(await ask()).toMatchObject({ duplicate: true, decision: null });
    await bench.engine.approvals.decide(
      session,
      { approval: 'q1', choice: denied, message: 'no' },
      by,
    );
    expect(await ask()).toMatchObject({
      duplicate: true,
      decision: { outcome: 'denied', message: 'no' },
    });
    const [entry, ...others] = await bench.of(session, 'approval');
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ id: 'q1', by: client('inside'), data: { outside: true } });
    const other = bench.engine.approvals.request(session, asking('q1', 'ls'), by);
    await expect(other).rejects.toMatchObject(refused('id_reused'));
    const taken = (await bench.of(session, 'prompt'))[0]!.id;
    const prompt = bench.engine.approvals.request(session, asking(taken, 'ls'), by);
    await expect(prompt).rejects.toMatchObject(refused('id_reused'));
    expect(answered(bench)).toEqual([]);
    bench.life.kill();
  });

  test('A1: who waits is told as soon as it is decided, though another session has the same id', async () => {
    const { bench, session } = await open();
    const other = await bench.session('go');
    await (await bench.watch(other)).entry('delivery');
    const { approvals } = bench.engine;
    const first = approvals.request(session, asking('same', null, 60_000), by);
    let told = false;
    void first.then(() => (told = true));
    const second = approvals.request(other, asking('same', null, 60_000), by);
    await bench.clock.armed(60_000);
    await (await bench.watch(other)).entry('approval');
    await approvals.decide(other, { approval: 'same', choice: denied }, by);
    expect((await second).decision).toMatchObject({ outcome: 'denied' });
    expect(told).toBe(false);
    await approvals.decide(session, { approval: 'same', choice: allowed }, by);
    expect((await first).decision).toMatchObject({ outcome: 'allowed', option: 'allow' });
    bench.life.kill();
  });

  test('A1: who waits longer than it may is told that it is open', async () => {
    const { bench, session } = await open();
    const asked = bench.engine.approvals.request(session, asking('q', null, 500), by);
    await bench.clock.armed(500);
    bench.clock.advance(500);
    expect(await asked).toMatchObject({ decision: null, duplicate: false });
    bench.life.kill();
  });

  test('A3: is withdrawn at an abort and at the end of the run, and refused without one', async () => {
    const { bench, session } = await open();
    const asked = bench.engine.approvals.request(session, asking('q', null, 60_000), by);
    await (await bench.watch(session)).entry('approval');
    await bench.abort(session, { force: true });
    expect((await asked).decision).toMatchObject({ outcome: 'withdrawn' });
    await (await bench.watch(session)).entry('run_ended');
    const late = bench.engine.approvals.request(session, asking('q2'), by);
    await expect(late).rejects.toMatchObject(refused('conflict', 'session'));
    const decide: Decide['choice'] = allowed;
    const after = bench.engine.approvals.decide(session, { approval: 'q', choice: decide }, by);
    await expect(after).rejects.toMatchObject(refused('already_decided'));
    await bench.engine.shutdown('stop');
  });

  test('A3 S5: may come before the first word of the agent; at most so many are open', async () => {
    const bench = await Workbench.open({ agent: () => async () => new Promise(() => undefined) });
    const session = await bench.session('go');
    const { approvals } = bench.engine;
    for (let at = 0; at < limits.openApprovals; at++) {
      await approvals.request(session, asking(`q${at}`), by);
    }
    expect((await bench.of(session, 'run_started'))[0]?.runId).toBe(
      (await bench.of(session, 'approval'))[0]?.runId,
    );
    await expect(approvals.request(session, asking('more'), by)).rejects.toMatchObject(
      refused('limited'),
    );
    bench.life.kill();
  });
});

/** Timers that are due ring until something is there. */
async function meanwhile<Value>(bench: Workbench, awaited: Promise<Value>): Promise<Value> {
  let there = false;
  void awaited.finally(() => (there = true));
  while (!there) {
    bench.clock.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return awaited;
}

describe('a bypass', () => {
  const ends = (entry: { by: By }): boolean => entry.by.type === 'server';
  const fresh = async (): Promise<{ bench: Workbench; session: string }> => {
    const bench = await Workbench.open({ play: askEach });
    return { bench, session: await bench.session() };
  };

  test('A5: allows until its end, to the second, and its end is an entry of the server', async () => {
    const { bench, session } = await fresh();
    await setPolicy(bench, session, bypassed(bench, 10_000));
    const watch = await bench.watch(session);
    bench.clock.advance(9999);
    await bench.send(session, 'make a');
    await watch.entry('run_ended');
    expect(await decisionOn(bench, session, 'make a')).toMatchObject({
      ruling: { rule: 'bypass' },
    });
    bench.clock.advance(1);
    const end = await watch.entry('settings', ends);
    expect(end.at).toBe(new Date(bench.clock.now()).toISOString());
    await bench.send(session, 'make b');
    await watch.entry('approval', () => true, 2);
    expect(await decisionOn(bench, session, 'make b')).toBeUndefined();
    expect((await bench.of(session, 'settings')).filter(ends)).toHaveLength(1);
    await bench.engine.shutdown('stop');
  });

  test('A4 A5: also allows what no policy understands, unless a rule guards, and only as long as it is there', async () => {
    const bench = await Workbench.open({
      play: async (turn) => turn.say(`${await turn.ask(turn.text)}`),
    });
    const session = await bench.session();
    const asked = async (title: string): Promise<unknown> => {
      const watch = await bench.watch(session);
      await bench.send(session, title);
      await watch.entry('approval', ({ data }) => data.title === title);
      return (await decisionOn(bench, session, title))?.ruling;
    };
    await setPolicy(bench, session, bypassed(bench, 10_000));
    expect(await asked('one')).toMatchObject({ effect: 'allow', rule: 'bypass' });
    await setPolicy(bench, session, { rules: [denying('rm **')] });
    expect(await asked('two')).toBeUndefined();
    await bench.engine.abort(session, { force: false, wait: true, queue: 'keep' }, by);
    await setPolicy(bench, session, { rules: [], bypassUntil: null });
    expect(await asked('three')).toBeUndefined();
    await bench.engine.shutdown('stop');
  });

  test('A5: that ended while no daemon ran, in a session that nobody loads, ends at the next start', async () => {
    const { bench, session } = await fresh();
    await setPolicy(bench, session, bypassed(bench, 10_000));
    bench.life.kill();
    bench.clock.advance(60_000);
    await bench.boot();
    const watch = await bench.watch(session);
    await meanwhile(bench, watch.entry('settings', ends));
    expect(await bench.store.bypassed()).toEqual([]);
    await bench.engine.shutdown('stop');
  });

  test('A5: ends at its time after a restart, though its session is not loaded', async () => {
    const { bench, session } = await fresh();
    await setPolicy(bench, session, bypassed(bench, 10_000));
    await bench.boot();
    // Asked after it: what it asks for is answered before.
    await bench.store.bypassed();
    await new Promise((resolve) => setImmediate(resolve));
    bench.clock.advance(9999);
    expect((await bench.of(session, 'settings')).filter(ends)).toEqual([]);
    bench.clock.advance(1);
    const end = await (await bench.watch(session)).entry('settings', ends);
    expect(end.at).toBe(new Date(bench.clock.now()).toISOString());
    await bench.engine.shutdown('stop');
  });

  test('A5: a fork and a child have the rules, and a bypass only as long as their base has it', async () => {
    const { bench, session } = await fresh();
    const rules = [allowing('ls')];
    const until = bypassed(bench, 10_000);
    await setPolicy(bench, session, { rules, autoAcceptEdits: true, ...until });
    const policies = async (): Promise<unknown[]> => {
      const { row: child } = await bench.engine.create({ changes: { parent: session } }, by);
      const { row: fork } = await bench.engine.branches.fork(session, { changes: {} }, by);
      const all = [child.id, fork.id].map((id) => bench.engine.approvals.policyOf(id));
      return (await Promise.all(all)).map(({ policy }) => policy);
    };
    const own = { rules, autoAcceptEdits: true, answerMs: null };
    expect(await policies()).toEqual([
      { ...own, ...until },
      { ...own, ...until },
    ]);
    bench.clock.advance(10_000);
    expect(await policies()).toEqual([
      { ...own, bypassUntil: null },
      { ...own, bypassUntil: null },
    ]);
    await bench.engine.shutdown('stop');
  });

  test('A4: a question is denied in time after a restart, too', async () => {
    const bench = await Workbench.open({
      play: askEach,
      driver: plainDriver({ profile: { hearsDenials: true } }),
    });
    const session = await bench.session();
    await setPolicy(bench, session, { answerMs: 5000 });
    await bench.send(session, 'make a');
    await (await bench.watch(session)).entry('approval');
    bench.clock.advance(1000);
    await bench.boot();
    const watch = await bench.watch(session);
    await bench.clock.armed(4000);
    bench.clock.advance(3999);
    expect(await bench.of(session, 'decision')).toEqual([]);
    bench.clock.advance(1);
    await watch.entry('run_ended');
    expect(await bench.of(session, 'decision')).toMatchObject([
      { by: { type: 'server' }, data: { outcome: 'denied', reason: 'nobody answered within 5 s' } },
    ]);
    expect(answered(bench)).toHaveLength(1);
    await bench.engine.shutdown('stop');
  });
});
