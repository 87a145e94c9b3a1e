import { describe, expect, test } from 'vitest';
import { rebuild } from '../../src/engine/registry.ts';
import { deaf } from './agents.ts';
import { by, Workbench } from './workbench.ts';

describe('entries of a producer', () => {
  test('L3 L4: all or none, by the ids that it gives; the same again adds nothing', async () => {
    const bench = await Workbench.open();
    const session = await bench.session();
    const { logs } = bench.engine;
    const entries = [
      { id: 'a', raw: { n: 1 } },
      { id: 'b', raw: { n: 2 }, entryType: 'step' },
    ];
    const first = await logs.append(session, { entries }, by);
    expect(first.entries).toEqual([
      { id: 'a', seq: 2, duplicate: false },
      { id: 'b', seq: 3, duplicate: false },
    ]);
    const again = await logs.append(session, { entries }, by);
    expect(again.entries.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [2, true],
      [3, true],
    ]);
    const more = await logs.append(session, { entries: [...entries, { id: 'c', raw: 3 }] }, by);
    expect(more.entries.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [2, true],
      [3, true],
      [4, false],
    ]);
    const reused = { refusal: { code: 'id_reused', data: { seq: 2 } } };
    const other = [{ id: 'a', raw: { n: 9 } }];
    await expect(logs.append(session, { entries: other }, by)).rejects.toMatchObject(reused);
    const mixed = [{ id: 'd', raw: 4 }, entries[0]!];
    await expect(logs.append(session, { entries: mixed }, by)).rejects.toMatchObject(reused);
    expect((await bench.log(session)).map(({ id }) => id).slice(1)).toEqual(['a', 'b', 'c']);
  });

  test('L3: without ids by the number of their producer', async () => {
    const bench = await Workbench.open();
    const session = await bench.session();
    const producer = { id: 'ci', epoch: 1, seq: 10 };
    const entries = [{ raw: 'x' }, { raw: 'y' }];
    const first = await bench.engine.logs.append(session, { entries, producer }, by);
    const again = await bench.engine.logs.append(session, { entries, producer }, by);
    expect(again.entries.map(({ id }) => id)).toEqual(first.entries.map(({ id }) => id));
    expect(again.entries.every(({ duplicate }) => duplicate)).toBe(true);
    const next = { ...producer, seq: 11 };
    const overlap = await bench.engine.logs.append(
      session,
      { entries: [{ raw: 'y' }, { raw: 'z' }], producer: next },
      by,
    );
    expect(overlap.entries.map(({ duplicate }) => duplicate)).toEqual([true, false]);
    const anew = { ...producer, epoch: 2 };
    const other = await bench.engine.logs.append(session, { entries, producer: anew }, by);
    expect(other.entries.map(({ duplicate }) => duplicate)).toEqual([false, false]);
  });

  test('L4 L5: guarded by head, by seq and by epoch', async () => {
    const bench = await Workbench.open();
    const session = await bench.session();
    const { logs } = bench.engine;
    const node = [{ id: 'n1', parentId: null, raw: 1 }];
    const stored = await logs.append(session, { entries: node, expect: { head: null } }, by);
    expect(stored.head).toBe('n1');
    const conflict = { refusal: { code: 'conflict', data: { head: 'n1', seq: 2, epoch: 1 } } };
    const late = [{ id: 'n2', parentId: null, raw: 2 }];
    await expect(
      logs.append(session, { entries: late, expect: { head: null } }, by),
    ).rejects.toMatchObject(conflict);
    await expect(
      logs.append(session, { entries: late, expect: { seq: 1 } }, by),
    ).rejects.toMatchObject(conflict);
    await expect(logs.append(session, { entries: late, epoch: 99 }, by)).rejects.toMatchObject({
      refusal: { code: 'fenced' },
    });
    // Known entries are told before anything is compared.
    const stale = { entries: node, expect: { head: null }, epoch: 99 };
    const again = await logs.append(session, stale, by);
    expect(again.entries).toMatchObject([{ duplicate: true }]);
    expect(await rebuild(session, bench.store)).toMatchObject({ head: 'n1', lastSeq: 2 });
  });

  test('L5 R1: beside an agent only what moves no head', async () => {
    const bench = await Workbench.open({ play: deaf });
    const session = await bench.session('go');
    await (await bench.watch(session)).entry('delivery');
    const node = { entries: [{ parentId: null, raw: 1 }] };
    await expect(bench.engine.logs.append(session, node, by)).rejects.toMatchObject({
      refusal: { code: 'busy' },
    });
    await bench.engine.logs.append(session, { entries: [{ raw: 1 }] }, by);
  });

  test('L4: of many at once each has its own place', async () => {
    const bench = await Workbench.open();
    const session = await bench.session();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        bench.engine.logs.append(session, { entries: [{ id: `e${n}`, raw: n }] }, by),
      ),
    );
    const seqs = answers.map(({ entries }) => entries[0]!.seq).toSorted((a, b) => a - b);
    expect(seqs).toEqual(Array.from({ length: 50 }, (_, n) => n + 2));
  });
});
