import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RefusalError } from '../../src/domain/refusal.ts';
import type { Store } from '../../src/ports/store.ts';
import { type Death, plainDriver } from '../../src/testing/index.ts';
import {
  allowed,
  allowing,
  answered,
  askEach,
  asking,
  bypassed,
  denied,
  setPolicy,
} from './asking.ts';
import { deaf } from './agents.ts';
import { atEveryStep, cleared, soundLog, survive } from './death.ts';
import { by, memoryStore, Workbench, words } from './workbench.ts';

let store: Store;
beforeAll(async () => {
  store = await memoryStore();
});
afterAll(() => store.close());

const timeout = 180_000;
let benches = 0;
const newBench = (more: Parameters<typeof Workbench.open>[0] = {}): Promise<Workbench> =>
  Workbench.open({ store, play: askEach, seed: `d${(benches += 1)}-`, ...more });

/** What was done before the daemon died is refused the next time. */
const known = (error: unknown): void => {
  expect(error).toBeInstanceOf(RefusalError);
  expect(error).toMatchObject({ refusal: { code: 'already_decided' } });
};

/** One question with one decision, told once, and what the agent said of it. */
async function decidedOnce(bench: Workbench, session: string, said: string): Promise<void> {
  await soundLog(bench, session);
  const asked = await bench.of(session, 'approval');
  expect(asked).toHaveLength(1);
  expect((await bench.of(session, 'decision')).map(({ about }) => about)).toEqual([asked[0]!.id]);
  expect(answered(bench)).toHaveLength(1);
  expect(await bench.of(session, 'message')).toMatchObject([{ data: { content: words(said) } }]);
  expect(await bench.of(session, 'run_ended')).toMatchObject([{ data: { outcome: 'completed' } }]);
}

describe('a question, with the daemon killed at every step', () => {
  test(
    'A4 A1 R7: that a rule decides has one decision, with the rule, and the agent one answer',
    { timeout },
    async () => {
      const points = await atEveryStep(async (deaths: readonly Death[]) => {
        const bench = await newBench();
        const session = await bench.session();
        await setPolicy(bench, session, { rules: [allowing('ls')] });
        const id = bench.clock.newId();
        const died = await survive(
          bench,
          async () => {
            await bench.send(session, 'ls', { id });
            await (await bench.watch(session)).entry('run_ended');
          },
          deaths,
        );
        await decidedOnce(bench, session, 'ls: yes;');
        expect(await bench.of(session, 'decision')).toMatchObject([
          { by: { type: 'server' }, data: { ruling: { level: 'session', rule: 0 } } },
        ]);
        await cleared(bench);
        return died;
      });
      expect(points).toBeGreaterThan(40);
    },
  );

  test(
    'A4 A5 R7: that nobody answers in time is denied once, and a bypass ends once',
    { timeout },
    async () => {
      const points = await atEveryStep(async (deaths: readonly Death[]) => {
        const bench = await newBench({
          driver: plainDriver({ profile: { hearsDenials: true } }),
        });
        const session = await bench.session();
        const id = bench.clock.newId();
        await setPolicy(bench, session, { answerMs: 5000, ...bypassed(bench, 1000) });
        bench.clock.advance(999);
        const died = await survive(
          bench,
          async () => {
            const watch = await bench.watch(session);
            bench.clock.advance(1);
            await watch.entry('settings', (entry) => entry.by.type === 'server');
            await bench.send(session, 'make', { id });
            await watch.entry('approval');
            // Its timer comes after the commit.
            await new Promise((resolve) => setImmediate(resolve));
            if ((await bench.of(session, 'decision')).length === 0) bench.clock.advance(5000);
            await watch.entry('run_ended');
          },
          deaths,
        );
        await decidedOnce(bench, session, 'make: no;');
        const reason = 'nobody answered within 5 s';
        expect(await bench.of(session, 'decision')).toMatchObject([{ data: { reason } }]);
        const settings = await bench.of(session, 'settings');
        expect(settings.filter((entry) => entry.by.type === 'server')).toHaveLength(1);
        await cleared(bench);
        return died;
      });
      expect(points).toBeGreaterThan(40);
    },
  );

  test(
    'A1 A3 R7: from outside is there once, decided once, withdrawn with its run, and not told to the agent',
    { timeout },
    async () => {
      const points = await atEveryStep(async (deaths: readonly Death[]) => {
        const bench = await newBench({ play: deaf });
        const session = await bench.session('go');
        await (await bench.watch(session)).entry('delivery');
        await setPolicy(bench, session, { rules: [allowing('ls')] });
        const run = (await bench.of(session, 'run_started'))[0]!.runId!;
        const died = await survive(
          bench,
          async ({ engine: { approvals } }) => {
            for (const [name, command] of [
              ['q1', 'make'],
              ['q2', 'ls'],
              ['q3', 'make'],
            ] as const) {
              await approvals.request(session, asking(name, command), by);
            }
            const input = { approval: 'q1', choice: denied, message: 'no' };
            await approvals.decide(session, input, by).catch(known);
            await bench.abort(session, { run, force: true });
            await (await bench.watch(session)).entry('run_ended');
          },
          deaths,
        );
        await soundLog(bench, session);
        expect((await bench.of(session, 'approval')).map(({ id }) => id)).toEqual([
          'q1',
          'q2',
          'q3',
        ]);
        const decisions = await bench.of(session, 'decision');
        expect(decisions.map(({ about, data }) => [about, data.outcome])).toEqual([
          ['q2', 'allowed'],
          ['q1', 'denied'],
          ['q3', 'withdrawn'],
        ]);
        expect(answered(bench)).toEqual([]);
        await cleared(bench);
        return died;
      });
      expect(points).toBeGreaterThan(20);
    },
  );

  test.each(['session', 'directory'] as const)(
    'A4 A1 R7: that is allowed from now on, for the %s: the decision and its rules are both there, or neither',
    { timeout },
    async (level) => {
      const points = await atEveryStep(async (deaths: readonly Death[]) => {
        // A directory for each, so that no rule of another one is about it.
        const cwd = `/work/${benches}`;
        const bench = await newBench();
        const { row } = await bench.engine.create({ changes: { cwd } }, by);
        const session = row.id;
        const id = bench.clock.newId();
        const rules = async (): Promise<readonly unknown[]> => {
          const { policy, policies } = await bench.engine.approvals.policyOf(session);
          return level === 'session' ? policy.rules : (policies[0]?.rules ?? []);
        };
        const died = await survive(
          bench,
          async ({ engine: { approvals } }) => {
            await bench.send(session, 'make', { id });
            const watch = await bench.watch(session);
            const approval = (await watch.entry('approval')).id;
            const before = (await bench.of(session, 'decision')).length;
            expect(await rules()).toHaveLength(before);
            const input = { approval, choice: allowed, remember: { level } };
            await approvals.decide(session, input, by).catch(known);
            await watch.entry('run_ended');
          },
          deaths,
        );
        await decidedOnce(bench, session, 'make: yes;');
        expect(await bench.of(session, 'decision')).toMatchObject([
          { data: { remembered: { level, rules: [allowing('make')] } } },
        ]);
        expect(await rules()).toEqual([allowing('make')]);
        await cleared(bench);
        return died;
      });
      expect(points).toBeGreaterThan(40);
    },
  );
});
