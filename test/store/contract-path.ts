import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNode, type Entry, type NewEntry } from '../../src/domain/entry.ts';
import type { HistoryQuery, Store } from '../../src/ports/store.ts';
import { append, batch, first, historyOf, message, notice, runEnded, time } from './sample.ts';

const base = { at: time, by: { type: 'server' } } as const;

/** What the path is, walked entry by entry. */
function naivePath(entries: readonly Entry[], to: string | null): string[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const on = new Set<string>();
  for (let id = to; id !== null && !on.has(id); id = byId.get(id)?.parentId ?? null) on.add(id);
  const nodesAbout = (id: string | undefined): Entry[] =>
    entries.filter((entry) => id !== undefined && isNode(entry) && entry.about === id);
  const shown = (entry: Entry): boolean => {
    if (isNode(entry)) return on.has(entry.id);
    const about = entry.about === undefined ? undefined : byId.get(entry.about);
    const groups = [
      nodesAbout(entry.id),
      about !== undefined && isNode(about) ? [about] : nodesAbout(entry.about),
      entries.filter((one) => isNode(one) && one.runId !== undefined && one.runId === entry.runId),
    ];
    const belongs = groups.find((group) => group.length > 0);
    return belongs === undefined || belongs.some(({ id }) => on.has(id));
  };
  return entries.filter(shown).map(({ id }) => id);
}

/** All pages of a query, put together in the order of the log. */
async function read(store: Store, query: Omit<HistoryQuery, 'maxBytes'>): Promise<string[]> {
  const ids: string[] = [];
  let cursor: number | null = query.before ?? query.after ?? 0;
  while (cursor !== null) {
    const place = query.before === undefined ? { after: cursor } : { before: cursor };
    const page = await store.history({ ...query, ...place, maxBytes: 1e6 });
    ids.push(...page.entries.map(({ id }) => id));
    cursor = page.next;
  }
  return query.before === undefined ? ids : ids.toReversed();
}

/** Entries as a producer may write them: nodes anywhere in the tree, and what belongs to them or not. */
const drawn = fc.array(
  fc.record({
    what: fc.constantFrom('goes on', 'goes on', 'branches', 'root', 'delivery', 'other', 'other'),
    pick: fc.nat(),
    about: fc.option(fc.nat(), { nil: undefined }),
    run: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  }),
  { maxLength: 60 },
);

function entriesOf(
  steps: typeof drawn extends fc.Arbitrary<infer Steps> ? Steps : never,
): NewEntry[] {
  const nodes: string[] = [];
  const all: string[] = [];
  return steps.map(({ what, pick, about, run }, index) => {
    const id = `e${index}`;
    const any = about === undefined ? undefined : all[about % all.length];
    const fields = {
      ...(run === undefined ? {} : { runId: `run${run}` }),
      ...(any === undefined ? {} : { about: any }),
    };
    all.push(id);
    if (what === 'other') return notice(id, id, fields);
    const parent =
      what === 'root' ? null : what === 'branches' ? nodes[pick % nodes.length] : nodes.at(-1);
    nodes.push(id);
    if (what !== 'delivery') return message(id, parent ?? null, id, fields);
    return {
      ...base,
      id,
      parentId: parent ?? null,
      kind: 'delivery',
      data: { content: [] },
      ...fields,
    };
  });
}

export function paths(store: () => Store): void {
  test('L6 L7: the pages of a path are what a walk from its end to the root finds, in both directions', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        drawn,
        fc.integer({ min: 1, max: 7 }),
        fc.nat(),
        async (steps, limit, pick) => {
          const session = `s${(count += 1)}`;
          const entries = entriesOf(steps);
          await append(store(), batch(session, entries, first));
          const log = (await historyOf(store(), session)) as readonly Entry[];
          expect(log).toHaveLength(entries.length);
          const { head } = (await store().load(session)) ?? { head: null };
          const nodes = log.filter(isNode);
          const kept = log.filter((one) => isNode(one) && naivePath(log, head).includes(one.id));
          const found = await store().nodeBack(session, { after: limit, back: limit });
          const late = kept.filter(({ seq }) => seq > limit);
          expect(found).toEqual({
            count: Math.min(late.length, limit + 1),
            node:
              late.length < limit ? null : { id: late.at(-limit)?.id, seq: late.at(-limit)?.seq },
          });
          const to = nodes[pick % nodes.length]?.id ?? null;
          for (const [end, path] of [
            [head, true],
            ...(to === null ? [] : [[to, { to }] as const]),
          ] as const) {
            const expected = naivePath(log, end);
            expect(await read(store(), { session, after: 0, limit, path })).toEqual(expected);
            expect(await read(store(), { session, before: 1e9, limit, path })).toEqual(expected);
            const kinds = ['delivery', 'notice'] as const;
            expect(await read(store(), { session, before: 1e9, limit, path, kinds })).toEqual(
              log
                .filter((one) => one.kind !== 'message' && expected.includes(one.id))
                .map(({ id }) => id),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('L6: what a path leaves out is passed in pages that look at so many entries', async () => {
    const left = Array.from({ length: 9000 }, (_, index) =>
      message(`m${index}`, index === 0 ? null : `m${index - 1}`, 'x', { runId: 'run' }),
    );
    const entries = [...left, runEnded('e', 'run'), message('x', 'm0'), notice('n')];
    await append(store(), batch('s', entries, first));
    const query = { session: 's', limit: 5, maxBytes: 1e6, path: true } as const;
    const page = await store().history({ ...query, after: 1 });
    expect([page.entries.length, page.ended, page.next]).toEqual([0, 'limit', 4097]);
    const all = ['m0', 'e', 'x', 'n'];
    expect(await read(store(), { session: 's', limit: 5, path: true, after: 0 })).toEqual(all);
    expect(await read(store(), { session: 's', limit: 5, path: true, before: 9999 })).toEqual(all);
    expect(
      await read(store(), { session: 's', limit: 5, path: { to: 'nowhere' }, after: 0 }),
    ).toEqual(['n']);
  });
}
