import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Turn } from '../../src/testing/index.ts';
import { Subscriber } from './subscriber.ts';
import { by, memoryStore, type Watch, Workbench } from './workbench.ts';

let store: Store;
beforeAll(async () => {
  store = await memoryStore();
});
afterAll(() => store.close());

let benches = 0;

/** A session in a run whose agent says what the test tells it to. */
async function speaking(): Promise<{
  bench: Workbench;
  session: string;
  turn: Turn;
  end: () => void;
}> {
  const { promise: begun, resolve: begin } = Promise.withResolvers<Turn>();
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const bench = await Workbench.open({
    store,
    seed: `f${(benches += 1)}-`,
    play: (turn) => {
      begin(turn);
      return over;
    },
  });
  const session = await bench.session('go');
  return { bench, session, turn: await begun, end };
}

type Action =
  | { do: 'say'; m: 'a' | 'b'; text: string }
  | { do: 'end'; m: 'a' | 'b' }
  | { do: 'notice' | 'restart' | 'time' | 'wait' }
  | { do: 'reconnect' | 'pause' | 'resume'; who: number };

const who = fc.nat(2);
const m = fc.constantFrom('a' as const, 'b' as const);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('say' as const),
      m,
      text: fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
        fc.constantFrom('\ud83d', '\ude00'),
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), m }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('notice' as const, 'time' as const, 'wait' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('reconnect' as const, 'pause' as const, 'resume' as const),
      who,
    }),
  },
);

describe('subscribers', () => {
  test(
    'V1 V2 V3 V4: get every entry once, in order, and every text exactly, whatever happens',
    { timeout: 60_000 },
    async () => {
      let sealed = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(action, { minLength: 5, maxLength: 40, size: 'max' }),
          async (actions) => {
            const stage = await speaking();
            try {
              sealed += await play(stage, actions);
            } finally {
              await (
                await stage.bench.boot()
              ).recovered;
              await stage.bench.engine.shutdown('stop');
              stage.bench.life.kill();
            }
          },
        ),
        { numRuns: 80 },
      );
      expect(sealed).toBeGreaterThan(0);
    },
  );
});

type Speaking = Awaited<ReturnType<typeof speaking>>;

/** Plays the actions before three readers; how many entries came to them as a seal of what they held. */
async function play(speaking: Speaking, actions: readonly Action[]): Promise<number> {
  const { bench, session, end } = speaking;
  const readers = [new Subscriber(), new Subscriber(), new Subscriber()];
  for (const reader of readers) await reader.connect(bench, session);
  for (const one of actions) await act(one, { ...speaking, readers });
  end();
  for (const reader of readers) reader.resume();
  const over = ({ kind }: { kind: string }): boolean => kind === 'run_ended';
  for (const reader of readers) await reader.until(() => reader.entries.some(over));
  const log = await bench.log(session);
  for (const reader of readers) {
    expect(reader.entries).toEqual(log.slice(0, reader.entries.length));
    expect(reader.held.size).toBe(0);
  }
  return readers.reduce((sum, reader) => sum + reader.sealed, 0);
}

interface Stage {
  bench: Workbench;
  session: string;
  turn: Turn;
  readers: readonly Subscriber[];
}

async function act(one: Action, { bench, session, turn, readers }: Stage): Promise<void> {
  switch (one.do) {
    case 'say':
      return turn.say(one.text, one.m);
    case 'end':
      return turn.print({ type: 'text_end', m: one.m });
    case 'notice':
      return turn.print({ type: 'notice', code: 'c', text: 't' });
    case 'time':
      return bench.clock.advance(limits.partialMs);
    case 'wait':
      await store.load(session);
      return;
    case 'restart':
      await bench.boot();
      for (const reader of readers) await reader.connect(bench, session);
      return;
    case 'reconnect':
      return readers[one.who]!.connect(bench, session);
    case 'pause':
      return readers[one.who]!.pause();
    case 'resume':
      return readers[one.who]!.resume();
  }
}

/** Waits until the reader has text in progress, which may have to wait for its moment. */
async function shows(bench: Workbench, reader: Subscriber): Promise<void> {
  void bench.clock.armed(limits.partialMs).then(() => bench.clock.advance(limits.partialMs));
  await reader.until(() => reader.held.size === 1);
}

describe('a subscriber', () => {
  test('V4: that comes back after a restart goes on in the text that it holds', async () => {
    const { bench, session, turn, end } = await speaking();
    const reader = new Subscriber();
    await reader.connect(bench, session);
    turn.say('hello ');
    await shows(bench, reader);
    await bench.boot();
    await reader.connect(bench, session);
    turn.say('world');
    end();
    await reader.until(() => reader.entries.some(({ kind }) => kind === 'run_ended'));
    expect(reader.entries.find(({ kind }) => kind === 'message')).toMatchObject({
      data: { content: [{ text: 'hello world' }] },
    });
  });

  test('V4: that comes late gets the text so far, once', async () => {
    const { bench, session, turn, end } = await speaking();
    const first = new Subscriber();
    await first.connect(bench, session);
    turn.say('hello ');
    await shows(bench, first);
    const late = new Subscriber();
    await late.connect(bench, session);
    await shows(bench, late);
    turn.say('world');
    end();
    for (const reader of [first, late]) {
      await reader.until(() => reader.entries.some(({ kind }) => kind === 'run_ended'));
    }
    expect(late.entries).toEqual(first.entries);
  });

  test('V3: that does not read is told that it catches up, and delays nobody', async () => {
    const { bench, session, turn, end } = await speaking();
    const [slow, quick] = [new Subscriber(), new Subscriber()];
    for (const reader of [slow, quick]) await reader.connect(bench, session);
    await quick.until(() => quick.entries.some(({ kind }) => kind === 'host'));
    slow.pause();
    for (let at = 0; at < 1200; at++) turn.print({ type: 'notice', code: 'c', text: `${at}` });
    end();
    await quick.until(() => quick.entries.some(({ kind }) => kind === 'run_ended'));
    expect(slow.entries.length).toBeLessThan(quick.entries.length);
    expect(slow.states.at(-1)).toBe('catching_up');
    slow.resume();
    await slow.until(() => slow.states.at(-1) === 'live');
    expect(slow.entries).toEqual(quick.entries);
  });
});

describe('a reader', () => {
  test('V1 V3: that is 12,000 entries behind gets every one, whether it comes late or had stopped reading', async () => {
    const bench = await Workbench.open({ store, seed: `f${(benches += 1)}-` });
    const session = await bench.session();
    const [late, slow] = [new Subscriber(), new Subscriber()];
    await slow.connect(bench, session);
    slow.pause();
    for (let from = 0; from < 12_000; from += limits.appendEntries) {
      const entries = Array.from({ length: limits.appendEntries }, (_, at) => ({ raw: from + at }));
      await bench.engine.logs.append(session, { entries }, by);
    }
    await late.connect(bench, session);
    slow.resume();
    const raws = Array.from({ length: 12_000 }, (_, at) => at);
    for (const reader of [late, slow]) {
      await reader.until(() => reader.entries.length === 12_001);
      const own = reader.entries.flatMap((entry) =>
        entry.kind === 'external' ? [entry.data.raw] : [],
      );
      expect(own).toEqual(raws);
      expect(reader.states.slice(-2)).toEqual(['catching_up', 'live']);
    }
  });

  test('V4: of a text that it saw grow gets each letter once: no frame repeats what was sent', async () => {
    const { bench, session, turn, end } = await speaking();
    const watches = [await bench.watch(session), await bench.watch(session)];
    const piece = 'a word, or two. '.repeat(20);
    for (let said = 1; said <= 100; said++) {
      turn.say(piece);
      void bench.clock.armed(limits.partialMs).then(() => bench.clock.advance(limits.partialMs));
      for (const watch of watches)
        await watch.until(() => seen(watch).length >= said * piece.length);
    }
    end();
    for (const watch of watches) {
      await watch.entry('run_ended');
      expect(seen(watch)).toBe(piece.repeat(100));
      const message = await watch.entry('message');
      expect(message.data.content).toEqual([{ type: 'text', text: '' }]);
      const bytes = watch.frames.reduce((sum, { params }) => sum + Buffer.byteLength(params), 0);
      expect(bytes).toBeLessThan(2 * 100 * piece.length + 1024 * watch.entries.length);
    }
  });
});

/** What partial frames have told, put one behind the other. */
function seen(watch: Watch): string {
  const partials = watch.frames.filter(({ event }) => event === 'partial');
  return partials.map(({ params }) => (JSON.parse(params) as { text: string }).text).join('');
}

test('V1 V4 L1: what is stored and not published yet comes once, after the text that it ends', async () => {
  const real = await memoryStore();
  let gate: Promise<void> | null = null;
  const slow = new Proxy(real, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'append') return member.bind(target) as unknown;
      return async (batches: Parameters<Store['append']>[0]) => {
        const verdicts = await target.append(batches);
        await gate;
        return verdicts;
      };
    },
  });
  const { promise: begun, resolve: begin } = Promise.withResolvers<Turn>();
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const play = (turn: Turn): Promise<void> => (begin(turn), over);
  const bench = await Workbench.open({ store: slow, play });
  const session = await bench.session('go');
  const first = new Subscriber();
  await first.connect(bench, session);
  const turn = await begun;
  turn.say('hello');
  await shows(bench, first);
  const { promise, resolve: open } = Promise.withResolvers<void>();
  gate = promise;
  turn.print({ type: 'text_end', m: turn.run });
  const stored = async (): Promise<boolean> => (await bench.of(session, 'message')).length === 1;
  while (!(await stored()));
  const late = new Subscriber();
  await late.connect(bench, session);
  await late.until(() => late.states.includes('live'));
  expect(late.entries).toHaveLength(first.entries.length);
  open();
  end();
  for (const reader of [first, late]) {
    await reader.until(() => reader.entries.some(({ kind }) => kind === 'run_ended'));
  }
  expect(late.entries).toEqual(first.entries);
  await bench.engine.shutdown('stop');
  await real.close();
});
