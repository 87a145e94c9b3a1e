import { afterAll, beforeAll, expect, test } from 'vitest';
import { textOf } from '../../src/domain/content.ts';
import type { OpenSpec } from '../../src/ports/agent.ts';
import type { Store } from '../../src/ports/store.ts';
import { type Death, plainDriver, type Turn } from '../../src/testing/index.ts';
import { atEveryStep, cleared, given, soundLog, survive } from './death.ts';
import { by, memoryStore, Workbench, words } from './workbench.ts';

let store: Store;
beforeAll(async () => {
  store = await memoryStore();
});
afterAll(() => store.close());

const timeout = 180_000;
const echo = (turn: Turn): void => turn.say(`heard ${turn.text.split('\n').at(-1)}`);

let benches = 0;
function newBench(more: Parameters<typeof Workbench.open>[0]): Promise<Workbench> {
  return Workbench.open({ store, seed: `c${(benches += 1)}-`, ...more });
}

/** A session with these turns behind it. */
async function talked(bench: Workbench, ...texts: string[]): Promise<string> {
  const session = await bench.session();
  const watch = await bench.watch(session);
  for (const [at, text] of texts.entries()) {
    await bench.send(session, text);
    await watch.entry('run_ended', () => true, at + 1);
  }
  return session;
}

async function delivered(bench: Workbench, session: string): Promise<string[]> {
  const entries = await bench.of(session, 'delivery');
  return entries.map(({ data }) =>
    textOf(data.primed === true ? data.content.slice(1) : data.content),
  );
}

/** What agents were given as prompts, in order; of hosts whose files are not archived yet. */
function told(bench: Workbench): string[] {
  const prompts = given(bench).filter(({ type }) => type === 'prompt');
  return prompts.map((prompt) =>
    textOf((prompt as unknown as { content: ReturnType<typeof words> }).content),
  );
}

/** A change that was made before the daemon died, and is asked for again. */
const settled = (error: unknown): void => {
  expect(error).toMatchObject({
    refusal: { code: expect.stringMatching(/^(?:conflict|not_found)$/) as string },
  });
};

test(
  'P2 P3 R7: a queue that is edited, moved and released, with the daemon killed at every step, is delivered once as it was then',
  { timeout },
  async () => {
    const points = await atEveryStep(async (deaths: readonly Death[]) => {
      const bench = await newBench({
        play: (turn) =>
          turn.text === 'go' ? new Promise<void>(() => turn.say('on it')) : echo(turn),
      });
      const session = await bench.session('go');
      await (await bench.watch(session)).entry('delivery');
      const run = (await bench.of(session, 'run_started'))[0]!.runId!;
      const [a, b] = [bench.clock.newId(), bench.clock.newId()];
      const died = await survive(
        bench,
        async ({ engine }) => {
          await bench.send(session, 'a', { id: a });
          await bench.send(session, 'b', { id: b });
          await engine.queue.edit(session, b, words('B'), by).catch(settled);
          await engine.queue.move(session, b, 1, by).catch(settled);
          await bench.abort(session, { run, force: true });
          await engine.queue.release(session, by);
          const watch = await bench.watch(session);
          await watch.entry('run_ended', ({ data }) => data.outcome === 'completed', 2);
        },
        deaths,
      );
      await soundLog(bench, session);
      expect(await delivered(bench, session)).toEqual(['go', 'B', 'a']);
      expect(told(bench).filter((text) => text !== 'go')).toEqual(['B', 'a']);
      await cleared(bench);
      return died;
    });
    expect(points).toBeGreaterThan(40);
  },
);

test(
  'L7 R7 P3: a compaction and the prompt after it, with the daemon killed at every step: the agent is told once',
  { timeout },
  async () => {
    const points = await atEveryStep(async (deaths: readonly Death[]) => {
      const bench = await newBench({ play: echo });
      const session = await talked(bench, 'alpha', 'beta');
      const id = bench.clock.newId();
      const died = await survive(
        bench,
        async ({ engine }) => {
          // Asked again it finds nothing more to leave out.
          if ((await bench.of(session, 'compaction')).length === 0) {
            await engine.branches.compact(session, { keep: 1, summary: 'greetings' }, by);
          }
          await bench.send(session, 'gamma', { id });
          await (await bench.watch(session)).entry('run_ended', () => true, 3);
        },
        deaths,
      );
      await soundLog(bench, session);
      expect(await delivered(bench, session)).toEqual(['alpha', 'beta', 'gamma']);
      const primed = told(bench).filter((text) => text.includes('greetings'));
      expect(primed).toHaveLength(1);
      expect(primed[0]).toMatch(/heard beta[^]*gamma$/);
      await cleared(bench);
      return died;
    });
    expect(points).toBeGreaterThan(30);
  },
);

test(
  'L7 P1 R7: a fork with its prompt, with the daemon killed at every step, is one session that is told once',
  { timeout },
  async () => {
    const points = await atEveryStep(async (deaths: readonly Death[]) => {
      const bench = await newBench({
        play: echo,
        driver: plainDriver({ profile: { fork: false } }),
      });
      const base = await talked(bench, 'alpha');
      const [id, promptId] = [bench.clock.newId(), bench.clock.newId()];
      const died = await survive(
        bench,
        async ({ engine }) => {
          const prompt = { id: promptId, content: words('beta') };
          await engine.branches.fork(base, { id, changes: {}, prompt }, by);
          await (await bench.watch(id)).entry('run_ended');
        },
        deaths,
      );
      await soundLog(bench, id);
      expect(await bench.of(id, 'fork')).toHaveLength(1);
      expect(await delivered(bench, id)).toEqual(['beta']);
      expect(told(bench).filter((text) => text.endsWith('beta'))).toEqual([
        expect.stringMatching(/alpha[^]*heard alpha[^]*beta$/),
      ]);
      await cleared(bench);
      return died;
    });
    expect(points).toBeGreaterThan(30);
  },
);

test(
  'P1 P2 R1 R7: a setting for the next host and the prompt after it, with the daemon killed at every step',
  { timeout },
  async () => {
    const points = await atEveryStep(async (deaths: readonly Death[]) => {
      const opened: OpenSpec[] = [];
      const driver = plainDriver();
      const open = (spec: OpenSpec): readonly string[] => {
        opened.push(spec);
        return driver.open(spec);
      };
      const bench = await newBench({ play: echo, driver: { ...driver, open } });
      const session = await talked(bench, 'alpha');
      const id = bench.clock.newId();
      const died = await survive(
        bench,
        async ({ engine }) => {
          await engine.patch(session, { changes: { instructions: { append: 'brief' } } }, by);
          await bench.send(session, 'beta', { id });
          await (await bench.watch(session)).entry('run_ended', () => true, 2);
        },
        deaths,
      );
      await soundLog(bench, session);
      expect(told(bench).filter((text) => text !== 'alpha')).toEqual(['beta']);
      expect(await delivered(bench, session)).toEqual(['alpha', 'beta']);
      const taken = given(bench).findLastIndex(({ type }) => type === 'open');
      expect(given(bench)[taken]).toMatchObject({ nativeId: 'native-1' });
      expect(opened.at(-1)).toMatchObject({ instructions: { append: 'brief' } });
      await cleared(bench);
      return died;
    });
    expect(points).toBeGreaterThan(40);
  },
);

test(
  'L7 R4 R7: a reset, with the daemon killed at every step, ends what worked and begins anew',
  { timeout },
  async () => {
    const points = await atEveryStep(async (deaths: readonly Death[]) => {
      const bench = await newBench({
        play: (turn) =>
          turn.text === 'go' ? new Promise<void>(() => turn.say('on it')) : echo(turn),
      });
      const session = await bench.session('go');
      await (await bench.watch(session)).entry('delivery');
      const id = bench.clock.newId();
      const died = await survive(
        bench,
        async ({ engine }) => {
          if ((await bench.of(session, 'reset')).length === 0) {
            bench.clock.advance(60_000);
            const reset = engine.life.reset(session, 'reset', by);
            await Promise.race([reset, climb(bench, reset)]);
          }
          await bench.send(session, 'anew', { id });
          await (await bench.watch(session)).entry('run_ended', () => true, 2);
        },
        deaths,
      );
      await soundLog(bench, session);
      expect((await bench.of(session, 'reset')).length).toBe(1);
      expect(await delivered(bench, session)).toEqual(['go', 'anew']);
      const opens = given(bench).filter(({ type }) => type === 'open');
      expect(opens.at(-1)).toMatchObject({ nativeId: null });
      await cleared(bench);
      return died;
    });
    expect(points).toBeGreaterThan(30);
  },
);

/** Lets the deadlines of the ladder pass until something is over. */
async function climb(bench: Workbench, over: Promise<unknown>): Promise<void> {
  let done = false;
  void over.catch(() => undefined).finally(() => (done = true));
  const { life } = bench;
  while (!done && !life.dead) {
    bench.clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await over;
}
