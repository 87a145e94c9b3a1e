import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { contentText, type NewEntry } from '../../src/domain/entry.ts';
import type { AppendBatch, Store, Verdict } from '../../src/ports/store.ts';
import { Connection } from '../../src/store/connection.ts';
import { GroupCommit } from '../../src/store/group.ts';
import { migrate } from '../../src/store/migrations.ts';
import { openStore } from '../../src/store/open.ts';
import { operations } from '../../src/store/operations.ts';
import {
  append,
  batch,
  first,
  historyOf,
  message,
  notice,
  runEnded,
  runStarted,
} from './sample.ts';

/** What an appender may try: ids, runs and parents from small sets, so that they collide. */
const entryArbitrary: fc.Arbitrary<NewEntry> = fc
  .record({
    id: fc.integer({ min: 0, max: 25 }),
    what: fc.constantFrom('message', 'root', 'notice', 'start', 'end', 'of-run'),
    other: fc.integer({ min: 0, max: 25 }),
    text: fc.constantFrom('a', 'a', 'a', 'b'),
  })
  .map(({ id, what, other, text }) => {
    const run = `run${other % 4}`;
    if (what === 'message') return message(`e${id}`, `e${other}`, text);
    if (what === 'root') return message(`e${id}`, null, text);
    if (what === 'start') return runStarted(`e${id}`, run);
    if (what === 'end') return runEnded(`e${id}`, run);
    return notice(`e${id}`, text, what === 'of-run' ? { runId: run } : {});
  });

interface Attempt {
  session: 's' | 't';
  entries: NewEntry[];
  expectHead: number | null;
  epoch: 1 | 2;
  raise: boolean;
}
const attemptArbitrary: fc.Arbitrary<Attempt> = fc.record({
  session: fc.constantFrom('s', 't'),
  entries: fc.array(entryArbitrary, { minLength: 1, maxLength: 4 }),
  expectHead: fc.option(fc.integer({ min: 0, max: 25 }), { freq: 8, nil: null }),
  epoch: fc.constantFrom(1, 1, 1, 1, 1, 2),
  raise: fc
    .boolean()
    .filter(() => true)
    .chain((value) => fc.constantFrom(false, false, false, false, value)),
});

/** The rules once more, in memory and as plainly as possible. */
class Model {
  readonly log: NewEntry[] = [];
  epoch = 1;
  head: string | null = null;

  #known(entry: NewEntry): NewEntry | undefined {
    return this.log.find(({ id }) => id === entry.id);
  }

  /** What stands against storing the entry behind `before`. */
  #allowed(entry: NewEntry, before: readonly NewEntry[]): boolean {
    const log = [...this.log, ...before];
    const parented =
      entry.parentId === undefined ||
      entry.parentId === null ||
      log.some(({ id }) => id === entry.parentId);
    const ofRun = log
      .filter(({ runId }) => runId !== undefined && runId === entry.runId)
      .map(({ kind }) => kind);
    const startedTwice = entry.kind === 'run_started' && ofRun.includes('run_started');
    return parented && !ofRun.includes('run_ended') && !startedTwice;
  }

  append({ entries, expectHead, epoch, raise }: Attempt): Verdict['status'] {
    const known = entries.map((entry) => this.#known(entry));
    const prefix = known.findIndex((entry) => entry === undefined);
    const count = prefix === -1 ? entries.length : prefix;
    const twice = new Set(entries.map(({ id }) => id)).size !== entries.length;
    const reused = known.some((entry, index) => {
      const given = entries[index];
      return (
        entry !== undefined && given !== undefined && contentText(entry) !== contentText(given)
      );
    });
    if (twice || reused || known.slice(count).some((entry) => entry !== undefined))
      return 'refused';
    if (count === entries.length) return 'duplicate';
    if (epoch !== this.epoch) return 'fenced';
    if (expectHead !== null && this.head !== `e${expectHead}`) return 'conflict';
    const news = entries.slice(count);
    if (raise && this.epoch >= 2) return 'refused';
    if (!news.every((entry, index) => this.#allowed(entry, news.slice(0, index)))) return 'refused';
    this.log.push(...news);
    this.head = news.findLast(({ parentId }) => parentId !== undefined)?.id ?? this.head;
    if (raise) this.epoch = 2;
    return 'stored';
  }
}

function batchOf(attempt: Attempt): AppendBatch {
  const { session, entries, expectHead, epoch, raise } = attempt;
  return batch(session, entries, {
    epoch,
    ...(expectHead === null ? {} : { expect: { head: `e${expectHead}` } }),
    ...(raise ? { raiseEpoch: 2 } : {}),
  });
}

async function createBoth(store: Store): Promise<void> {
  for (const session of ['s', 't'])
    await append(store, batch(session, [], { create: { key: null } }));
}

async function run(groups: readonly Attempt[][]): Promise<void> {
  const store = await openStore({
    dir: ':memory:',
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    await createBoth(store);
    const models = { s: new Model(), t: new Model() };
    for (const group of groups) {
      // Concurrent appends of one session keep their order, so the model can follow.
      const answers = group.map((attempt) => append(store, batchOf(attempt)));
      const expected = group.map((attempt) => models[attempt.session].append(attempt));
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(expected);
    }
    for (const session of ['s', 't'] as const) {
      const stored = await historyOf(store, session);
      expect(stored.map(({ id }) => id)).toEqual(models[session].log.map(({ id }) => id));
      expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
      expect(await store.load(session)).toMatchObject({
        head: models[session].head,
        epoch: models[session].epoch,
      });
    }
    expect(await store.check()).toEqual([]);
  } finally {
    await store.close();
  }
}

test(
  'L2 L3 L4 L5 R2: concurrent appenders with retries, stale parents and epochs agree with a model',
  { timeout: 60_000 },
  async () => {
    const group = fc.array(attemptArbitrary, { minLength: 1, maxLength: 8 });
    await fc.assert(fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 8 }), run), {
      numRuns: 60,
    });
  },
);

test('L2 L3: eight appenders that retry everything lose nothing and store each id once', async () => {
  const store = await openStore({
    dir: ':memory:',
    onFatal: (error) => {
      throw error;
    },
  });
  await createBoth(store);
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      for (let turn = 0; turn < 100; turn += 1) {
        const one = batch('s', [notice(`n${index}-${turn}`)]);
        const [verdict, again] = await Promise.all([append(store, one), append(store, one)]);
        expect([verdict.status, again.status]).toEqual(['stored', 'duplicate']);
      }
    }),
  );
  const stored = await historyOf(store, 's');
  expect([stored.length, new Set(stored.map(({ id }) => id)).size]).toEqual([800, 800]);
  await store.close();
});

test('L4 V6: what comes at once is committed together: 10,000 first appends in a dozen transactions', async () => {
  const connection = Connection.writer(':memory:');
  migrate(connection);
  const transactions = vi.spyOn(connection, 'transaction');
  const group = new GroupCommit(async (batches) => operations.append(connection, batches));
  const verdicts = await Promise.all(
    Array.from({ length: 10_000 }, (_, index) =>
      group.append([batch(`s${index}`, [notice('n')], first)]),
    ),
  );
  expect(verdicts.flat().map(({ status }) => status)).toEqual(
    Array.from({ length: 10_000 }, () => 'stored'),
  );
  expect(transactions.mock.calls.length).toBeLessThan(13);
  connection.close();
});
