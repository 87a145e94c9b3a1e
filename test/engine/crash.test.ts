import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { Store } from '../../src/ports/store.ts';
import { type Death, plainDriver, type Turn } from '../../src/testing/index.ts';
import { atEveryStep, cleared, given, soundLog, survive } from './death.ts';
import { by, memoryStore, Workbench, words } from './workbench.ts';

let store: Store;
beforeAll(async () => {
  store = await memoryStore();
});
afterAll(() => store.close());

let benches = 0;
async function newBench(play: (turn: Turn) => Promise<void> | void): Promise<Workbench> {
  return Workbench.open({ store, play, seed: `b${(benches += 1)}-` });
}

const talk = async (turn: Turn): Promise<void> => {
  turn.say('one ');
  turn.say('two');
};

/** Where each of so many daemons died at the launch, the run has failed and the prompt waits for a person. */
async function releaseIfGivenUp(bench: Workbench, session: string): Promise<void> {
  const [end] = await bench.of(session, 'run_ended');
  if (end?.data.error?.category !== 'launch') return;
  const launches = (await bench.of(session, 'host')).filter(
    ({ data }) => data.state === 'launched',
  );
  expect(launches).toHaveLength(limits.launchTries);
  await bench.engine.queue.release(session, by);
  await (await bench.watch(session)).entry('run_ended', () => true, 2);
}

describe('a prompt, with the daemon killed', () => {
  const promptOnce = async (deaths: readonly Death[]): Promise<number> => {
    const bench = await newBench(talk);
    const session = bench.clock.newId();
    const id = bench.clock.newId();
    const acked: number[] = [];
    const died = await survive(
      bench,
      async ({ engine }) => {
        const prompt = { id, content: words('go') };
        const answer = await engine.create({ id: session, changes: {}, prompt }, by);
        acked.push(answer.prompt!.seq);
        const watch = await bench.watch(session);
        await watch.entry('run_ended');
      },
      deaths,
    );
    if (deaths.length >= limits.launchTries) await releaseIfGivenUp(bench, session);
    await soundLog(bench, session);
    const prompts = await bench.of(session, 'prompt');
    expect(prompts.map((entry) => entry.id)).toEqual([id]);
    for (const seq of acked) expect(seq).toBe(prompts[0]!.seq);
    expect(given(bench).filter(({ type }) => type === 'prompt')).toMatchObject([{ prompt: id }]);
    expect(await bench.of(session, 'delivery')).toMatchObject([{ about: id }]);
    const [last, ...before] = (await bench.of(session, 'run_ended')).toReversed();
    expect(last).toMatchObject({ data: { outcome: 'completed' } });
    if (deaths.length < limits.launchTries) expect(before).toEqual([]);
    expect(await bench.of(session, 'message')).toMatchObject([
      { data: { content: words('one two') } },
    ]);
    await cleared(bench);
    return died;
  };

  test(
    'P1 P3 R7 L1: at every step is delivered once, and its run ends once',
    { timeout: 120_000 },
    async () => {
      expect(await atEveryStep(promptOnce)).toBeGreaterThan(40);
    },
  );

  test(
    'P1 P3 R7: again and again at any step is delivered once',
    { timeout: 120_000 },
    async () => {
      const death = fc.record({
        call: fc.integer({ min: 1, max: 25 }),
        when: fc.constantFrom('before' as const, 'half' as const, 'after' as const),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(death, { minLength: 2, maxLength: 3 }), async (deaths) => {
          await promptOnce(deaths);
        }),
        { numRuns: 60 },
      );
    },
  );
});

describe('an approval, with the daemon killed', () => {
  const approvalOnce = async (deaths: readonly Death[]): Promise<number> => {
    const bench = await newBench(async (turn) => {
      turn.say((await turn.ask('may I')) ?? 'nothing');
    });
    const session = await bench.session();
    const id = bench.clock.newId();
    const died = await survive(
      bench,
      async ({ engine }) => {
        await bench.send(session, 'go', { id });
        const watch = await bench.watch(session);
        const approval = (await watch.entry('approval')).id;
        await engine.approvals
          .decide(session, { approval, choice: { verdict: 'allow' } }, by)
          .catch((error: unknown) => {
            expect(error).toMatchObject({ refusal: { code: 'already_decided' } });
          });
        await watch.entry('run_ended');
      },
      deaths,
    );
    await soundLog(bench, session);
    expect(await bench.of(session, 'approval')).toHaveLength(1);
    expect(await bench.of(session, 'decision')).toMatchObject([
      { data: { outcome: 'allowed', option: 'yes' } },
    ]);
    expect(given(bench).filter(({ type }) => type === 'answer_approval')).toHaveLength(1);
    expect(await bench.of(session, 'message')).toMatchObject([{ data: { content: words('yes') } }]);
    expect(await bench.of(session, 'run_ended')).toMatchObject([
      { data: { outcome: 'completed' } },
    ]);
    await cleared(bench);
    return died;
  };

  test(
    'A1 A2 R7: at every step is decided once, and the agent is told once',
    { timeout: 120_000 },
    async () => {
      expect(await atEveryStep(approvalOnce)).toBeGreaterThan(40);
    },
  );
});

describe('an agent that dies with its prompt unread or unshown, and the daemon with it', () => {
  const once = (agent: { deduplicatesPrompts: boolean }) => async (deaths: readonly Death[]) => {
    let tries = 0;
    const bench = await Workbench.open({
      store,
      seed: `b${(benches += 1)}-`,
      driver: plainDriver({ profile: agent }),
      play: (turn) => {
        tries += 1;
        if (tries === 1) turn.process.exit(1);
        else turn.say('now');
      },
    });
    const session = await bench.session();
    const id = bench.clock.newId();
    const died = await survive(
      bench,
      async () => {
        await bench.send(session, 'go', { id });
        const watch = await bench.watch(session);
        await watch.entry('run_ended');
        await watch.entry('host', (entry) => entry.data.state === 'ended');
      },
      deaths,
    );
    await soundLog(bench, session);
    expect(await bench.of(session, 'run_ended')).toMatchObject([{ data: { outcome: 'failed' } }]);
    const { row } = await bench.engine.get(session);
    const change = agent.deduplicatesPrompts ? 'requeued' : 'indeterminate';
    expect(await bench.of(session, 'queue')).toMatchObject([{ about: id, data: { change } }]);
    expect(row).toMatchObject({ queued: agent.deduplicatesPrompts ? 1 : 0 });
    expect(tries).toBe(1);
    const again = await bench.send(session, 'go', { id });
    expect(again).toMatchObject({
      duplicate: true,
      state: agent.deduplicatesPrompts ? 'queued' : 'indeterminate',
    });
    await cleared(bench);
    return died;
  };

  test(
    'P3 P1 R7: leaves it indeterminate, once, and it is not sent again',
    { timeout: 120_000 },
    async () => {
      expect(await atEveryStep(once({ deduplicatesPrompts: false }))).toBeGreaterThan(30);
    },
  );

  test(
    'P3 R7: puts it back where the agent knows repeated prompts',
    { timeout: 120_000 },
    async () => {
      expect(await atEveryStep(once({ deduplicatesPrompts: true }))).toBeGreaterThan(30);
    },
  );
});

describe('an abort, with the daemon killed', () => {
  test(
    'R4 R2 R7: at every step ends the run once, and nothing is left',
    { timeout: 120_000 },
    async () => {
      const points = await atEveryStep(async (deaths) => {
        const bench = await newBench(async (turn) => {
          turn.say('working');
          await new Promise(() => undefined);
        });
        const session = await bench.session('go');
        await (await bench.watch(session)).entry('delivery');
        const died = await survive(
          bench,
          async () => {
            await bench.abort(session, { force: true });
            const watch = await bench.watch(session);
            await watch.entry('run_ended');
            await watch.entry('host', (entry) => entry.data.state === 'ended');
          },
          deaths,
        );
        await soundLog(bench, session);
        expect(await bench.of(session, 'run_ended')).toHaveLength(1);
        expect(bench.hosts.alive).toEqual([]);
        await cleared(bench);
        return died;
      });
      expect(points).toBeGreaterThan(15);
    },
  );
});
