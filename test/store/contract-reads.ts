import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { digestText } from '../../src/domain/entry.ts';
import type { Store } from '../../src/ports/store.ts';
import {
  append,
  batch,
  first,
  historyOf,
  message,
  notice,
  runEnded,
  runStarted,
  state,
} from './sample.ts';

export function reads(store: () => Store): void {
  test('L6: pages are bounded by count and by bytes in both directions and with any filter', async () => {
    const many = Array.from({ length: 1500 }, (_, index) =>
      index % 700 === 3 ? message(`m${index}`, null) : notice(`n${index}`, 'x'.repeat(50)),
    );
    await append(
      store(),
      batch('s', [...many, runStarted('r', 'run'), runEnded('e', 'run')], first),
    );
    const page = await store().history({ session: 's', after: 10, limit: 5, maxBytes: 1e6 });
    expect(page).toMatchObject({ ended: 'limit', next: 15, lastSeq: 1502, head: 'm1403' });
    const small = await store().history({ session: 's', before: 1000, limit: 5, maxBytes: 200 });
    expect([small.ended, small.entries.map(({ seq }) => seq)]).toEqual(['bytes', [999, 998]]);
    const one = await store().history({ session: 's', after: 0, limit: 5, maxBytes: 1 });
    expect(one.entries).toHaveLength(1);
    for (const cursor of [{ after: 0 }, { before: 1503 }]) {
      const rare = await store().history({
        session: 's',
        ...cursor,
        kinds: ['message', 'run_ended'],
        limit: 9,
        maxBytes: 1e6,
      });
      const seqs = rare.entries.map(({ seq }) => seq);
      expect([rare.ended, rare.next, seqs.sort((a, b) => a - b)]).toEqual([
        'end',
        null,
        [4, 704, 1404, 1502],
      ]);
    }
    const run = await store().history({
      session: 's',
      after: 0,
      run: 'run',
      kinds: ['run_ended'],
      limit: 9,
      maxBytes: 1e6,
    });
    expect(run.entries.map(({ id }) => id)).toEqual(['e']);
    const absent = await store().history({ session: 'none', after: 0, limit: 5, maxBytes: 10 });
    expect(absent).toEqual({ entries: [], next: null, ended: 'end', head: null, lastSeq: 0 });
  });

  test('L8: lone surrogates, NUL and odd keys come back as they were given, with a right digest', async () => {
    const text = 'a\ud800b\u0000c\u2028"\\';
    const data = JSON.parse(
      `{"code":"x","text":"t","data":{"__proto__":1,"b":[null,-0,1e21],"é":"\\ud83d"}}`,
    ) as never;
    const odd = { ...notice('o'), data, parentCall: text };
    await append(store(), batch('s', [message('a', null, text), odd], first));
    const [a, o] = await historyOf(store(), 's');
    expect(a).toMatchObject({ data: { content: [{ text }] } });
    expect(o?.parentCall).toBe(text);
    const entry = await store().entry('s', 'o');
    expect(entry?.digest).toBe(createHash('sha256').update(digestText(odd)).digest('hex'));
    const page = await store().historyText({ session: 's', after: 1, limit: 9, maxBytes: 1e6 });
    expect(Object.keys(JSON.parse(page.entries[0]?.json ?? '') as object)).toEqual([
      'seq',
      'id',
      'at',
      'kind',
      'by',
      'parentCall',
      'data',
      'digest',
    ]);
  });

  test('L6: lists page by a stable cursor, with every filter and text taken literally', async () => {
    await store().append(
      Array.from({ length: 7 }, (_, index) =>
        batch(`s${index}`, [], {
          ...first,
          state: state({
            createdAt: `2026-01-0${index + 1}`,
            lastActivityAt: `2026-02-0${9 - index}`,
            title: `100%_${index} ÉCLAIR`,
            label: index % 2 === 0 ? 'even' : 'odd',
            meta: { n: String(index) },
            row: `{"n":${index}}`,
            archived: index === 6,
            status: index < 2 ? 'running' : 'idle',
            updatedAt: `2026-03-0${index + 1}`,
          }),
        }),
      ),
    );
    const ids = async (query: object): Promise<string[]> => {
      const page = await store().sessions({ sort: 'created', limit: 50, ...query });
      return page.rows.map(({ session }) => session);
    };
    const one = await store().sessions({ sort: 'created', limit: 3 });
    expect(one.rows.map(({ row }) => row)).toEqual(['{"n":6}', '{"n":5}', '{"n":4}']);
    const two = await store().sessions({ sort: 'created', limit: 4, cursor: one.next ?? '' });
    expect([two.rows.map(({ session }) => session), two.next, two.asOf]).toEqual([
      ['s3', 's2', 's1', 's0'],
      null,
      one.asOf,
    ]);
    expect(await ids({ sort: 'activity', limit: 2 })).toEqual(['s0', 's1']);
    expect(await ids({ label: 'odd', status: ['idle'] })).toEqual(['s5', 's3']);
    expect(await ids({ text: '%_3 éc' })).toEqual(['s3']);
    expect(await ids({ text: '1%3' })).toEqual([]);
    expect(await ids({ meta: { n: '4' }, agent: 'scripted', cwd: '/work' })).toEqual(['s4']);
    expect(await ids({ archived: true })).toEqual(['s6']);
    expect(await ids({ updatedSince: '2026-03-06', sessions: ['s5', 's1'] })).toEqual(['s5']);
    await expect(
      store().sessions({ sort: 'activity', limit: 1, cursor: one.next ?? '' }),
    ).rejects.toThrow('sorted by');
  });

  test('a name resolves to an id, key, label, id prefix, title or native id; what it may mean is told', async () => {
    await store().append([
      batch('abc1', [], {
        create: { key: 'key' },
        state: state({ key: 'key', title: 'T', nativeId: 'n-1' }),
      }),
      batch('abd2', [], { ...first, state: state({ label: 'key', title: 'T' }) }),
    ]);
    const of = async (name: string): Promise<string[]> =>
      (await store().resolve(name)).map(({ session }) => session);
    expect(await of('key')).toEqual(['abc1', 'abd2']);
    expect([await of('abc'), await of('ab'), await of('n-1'), await of('%')]).toEqual([
      ['abc1'],
      ['abd2', 'abc1'],
      ['abc1'],
      [],
    ]);
    expect(await of('T')).toEqual(['abd2', 'abc1']);
    // A name of its own wins over a prefix of several ids.
    await store().append([batch('x', [], { ...first, state: state({ title: 'ab' }) })]);
    expect(await of('ab')).toEqual(['x']);
  });
}
