import { expect, test } from 'vitest';
import type { NewEntry } from '../../src/domain/entry.ts';
import type { HostInput, SessionColumns, Store } from '../../src/ports/store.ts';
import {
  append,
  approval,
  batch,
  first,
  message,
  notice,
  runEnded,
  runStarted,
  state,
  time,
} from './sample.ts';

const deleted = { deletedAt: time, purgeAt: '2026-02-01T00:00:00.000Z' } as const;

async function create(
  store: Store,
  session: string,
  fields: Partial<SessionColumns> = {},
): Promise<void> {
  const create = { key: fields.key ?? null };
  await append(store, batch(session, [], { create, state: state(fields) }));
}

async function change(
  store: Store,
  session: string,
  fields: Partial<SessionColumns>,
): Promise<string> {
  return (await append(store, batch(session, [], { state: state(fields) }))).status;
}

export async function resolved(store: Store, name: string): Promise<string[]> {
  return (await store.resolve(name)).map(({ session }) => session);
}

/** An entry that names blobs, one of them deep in what a tool said. */
function naming(id: string, digests: readonly [string, string]): NewEntry {
  const [inline, deep] = digests.map((digest) => ({ digest, size: 9 }));
  const content = [{ type: 'text' as const, text: 't', blob: inline! }];
  const toolCall = { call: 'c', title: 't', kind: 'edit', status: 'completed' } as const;
  const output = { blob: { digest: deep!.digest, size: 9 }, preview: 'p' };
  const data = { request: 1, title: 't', options: [], toolCall: { ...toolCall, output } };
  return {
    ...approval(id),
    kind: 'approval',
    data: {
      ...data,
      toolCall: { ...data.toolCall, content: [{ type: 'content', content: content[0]! }] },
    },
  } as NewEntry;
}

export function lifecycle(store: () => Store): void {
  test('L4 S1: secrets are stored with the batch that brings them, and null takes one away', async () => {
    const secrets = { 'env/TOKEN': 'a\u0000b\ud83d\ude00', 'mcp/x/KEY': 'k' };
    await append(store(), batch('s', [notice('n')], { ...first, secrets }));
    expect(await store().secrets('s')).toEqual(secrets);
    const refused = await append(
      store(),
      batch('s', [notice('n', 'other')], { secrets: { a: 'b' } }),
    );
    expect(refused.status).toBe('refused');
    await append(store(), batch('s', [], { secrets: { 'mcp/x/KEY': null, 'env/TOKEN': 'new' } }));
    expect(await store().secrets('s')).toEqual({ 'env/TOKEN': 'new' });
    expect(await store().secrets('none')).toEqual({});
    const page = await store().historyText({ session: 's', after: 0, limit: 9, maxBytes: 1e6 });
    expect(
      JSON.stringify([page, await store().load('s'), await store().resolve('s')]),
    ).not.toContain('new');
  });

  test('children are counted by parent, without those that are deleted', async () => {
    await create(store(), 'p');
    for (const id of ['a', 'b', 'c']) await create(store(), id, { parent: 'p' });
    await create(store(), 'd', { parent: 'a', archived: true });
    await change(store(), 'b', { parent: 'p', ...deleted });
    expect(await store().children(['p', 'a', 'b', 'none'])).toEqual({ p: 2, a: 1 });
  });

  test('the first of the last nodes is found, and how many there are up to one more', async () => {
    const entries = Array.from({ length: 12 }, (_, index) =>
      index % 2 === 0
        ? notice(`n${index}`)
        : message(`m${index}`, index === 1 ? null : `m${index - 2}`),
    );
    await append(store(), batch('s', entries, first));
    const back = (after: number, count: number): Promise<object> =>
      store().nodeBack('s', { after, back: count });
    expect(await back(0, 2)).toEqual({ count: 3, node: { id: 'm9', seq: 10 } });
    expect(await back(0, 6)).toEqual({ count: 6, node: { id: 'm1', seq: 2 } });
    expect(await back(6, 4)).toEqual({ count: 3, node: null });
    expect(await store().nodeBack('none', { after: 0, back: 1 })).toEqual({ count: 0, node: null });
    // Nodes that a branch has left do not count.
    await append(store(), batch('s', [message('x', 'm3'), message('y', 'x')]));
    expect(await back(0, 3)).toEqual({ count: 4, node: { id: 'm3', seq: 4 } });
  });

  test('L7: a deleted session is in no list but its own, means no name and gives its key free', async () => {
    const run = [runStarted('r', 'run'), approval('q')];
    const named = { key: 'k', title: 'T', label: 'L', nativeId: 'n' };
    await append(store(), batch('abcd', run, { create: { key: 'k' }, state: state(named) }));
    await create(store(), 'other', {});
    expect(await change(store(), 'abcd', { ...named, key: null, ...deleted })).toBe('stored');
    const ids = async (query: object): Promise<string[]> =>
      (await store().sessions({ sort: 'created', limit: 9, ...query })).rows.map(
        (row) => row.session,
      );
    expect([await ids({}), await ids({ label: 'L' }), await ids({ sort: 'activity' })]).toEqual([
      ['other'],
      [],
      ['other'],
    ]);
    expect([await ids({ deleted: true }), await ids({ deleted: true, sort: 'activity' })]).toEqual([
      ['abcd'],
      ['abcd'],
    ]);
    for (const name of ['abcd', 'abc', 'k', 'T', 'L', 'n'])
      expect(await resolved(store(), name)).toEqual([]);
    expect((await store().runs({ limit: 9 })).runs).toEqual([]);
    expect(await store().openApprovals({ limit: 9 })).toEqual([]);
    expect(await store().load('abcd')).toMatchObject({ lastSeq: 2 });
    await create(store(), 'next', { key: 'k' });
    expect(await change(store(), 'abcd', named)).toBe('refused');
    expect(await change(store(), 'abcd', { ...named, key: null })).toBe('stored');
    expect(await resolved(store(), 'abc')).toEqual(['abcd']);
    expect((await store().runs({ limit: 9 })).runs).toHaveLength(1);
  });

  test('a session is found by every native id that it had', async () => {
    await create(store(), 's', { nativeId: 'one' });
    for (const nativeId of ['two', null, 'three'] as const)
      await change(store(), 's', { nativeId });
    await create(store(), 't', { nativeId: 'two' });
    for (const [name, ids] of Object.entries({ one: ['s'], two: ['t', 's'], three: ['s'] }))
      expect(await resolved(store(), name)).toEqual(ids);
  });

  test('S3: a blob belongs to a session whose log names it, or to forks of what named it before them', async () => {
    const [a, b, c, stray] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
      string,
      string,
      string,
      string,
    ];
    const opaque = notice('o', `"digest":"${stray}"`);
    await append(store(), batch('s', [naming('q', [a, b]), opaque, naming('r', [c, c])], first));
    const base = { session: 's', entry: null, seq: 2, fidelity: 'none' } as const;
    const fork = { ...message('f', null), kind: 'fork', data: base } as NewEntry;
    await append(store(), batch('f', [fork], first));
    const again = { ...fork, data: { ...base, session: 'f', seq: 1 } } as NewEntry;
    await append(store(), batch('g', [again], first));
    await append(store(), batch('t', [notice('n')], first));
    const of = (session: string): Promise<boolean[]> =>
      Promise.all([a, b, c, stray].map((digest) => store().references(session, digest)));
    expect(await of('s')).toEqual([true, true, true, false]);
    expect(await of('f')).toEqual([true, true, false, false]);
    expect(await of('g')).toEqual([true, true, false, false]);
    for (const session of ['t', 'none'])
      expect(await of(session)).toEqual([false, false, false, false]);
  });
}

/** A session with a row in every table that there is. */
async function full(store: Store, session: string, blob: string): Promise<void> {
  const host = `h${session}`;
  const mark = { offset: 0, at: time, seq: 0, output: 0, run: null, entry: null };
  const input: HostInput = { host, ...mark, bytes: Buffer.from('input') };
  const place = { host, output: 0, sent: 0 };
  await append(
    store,
    batch(
      session,
      [
        runStarted('r', 'run'),
        message('a', null),
        message('b', 'a'),
        message('c', 'a'),
        naming('q', [blob, blob]),
        approval('p'),
        runEnded('e', 'run'),
      ],
      {
        ...first,
        state: state({ nativeId: `n${session}`, meta: { m: '1' }, title: 'same' }),
        secrets: { 'env/A': 'b' },
        hosts: [{ host, phase: 'intended', spec: '{}' }],
        inputs: [input],
        spans: [{ run: 'run', change: 'begin', ...place }],
      },
    ),
  );
  await append(store, batch(session, [], { hosts: [{ host, phase: 'ended' }] }));
}

export function purges(store: () => Store): void {
  test('L7: a purge takes everything of the session and nothing of another; its id is never given again', async () => {
    const shared = await store().putBlob(Buffer.from('shared'));
    const own = await store().putBlob(Buffer.from('own'));
    await full(store(), 's', shared.digest);
    await full(store(), 't', shared.digest);
    await append(store(), batch('s', [naming('z', [own.digest, own.digest])]));
    await change(store(), 's', { ...deleted, title: 'same', nativeId: 'ns' });
    expect(await store().purge('s')).toEqual(['hs']);
    expect([await store().purged('s'), await store().purged('t')]).toEqual([true, false]);
    expect(await store().load('s')).toBeUndefined();
    expect(await store().entry('s', 'a')).toBeUndefined();
    const page = await store().history({ session: 's', after: 0, limit: 9, maxBytes: 1e6 });
    expect(page).toMatchObject({ entries: [], lastSeq: 0 });
    expect(await store().sessions({ sort: 'created', limit: 9, deleted: true })).toMatchObject({
      rows: [],
    });
    expect([await resolved(store(), 'ns'), await resolved(store(), 'same')]).toEqual([[], ['t']]);
    expect([await store().run('s', 'run'), await store().runSpans('s', 'run')]).toEqual([
      undefined,
      [],
    ]);
    expect(await store().secrets('s')).toEqual({});
    expect((await store().endedHosts()).map(({ host }) => host)).toEqual(['ht']);
    expect([
      await store().getBlob(own.digest),
      await store().references('s', shared.digest),
    ]).toEqual([undefined, false]);
    expect(await store().getBlob(shared.digest)).toHaveLength(6);
    expect(await store().references('t', shared.digest)).toBe(true);
    for (const entries of [[], [notice('n')]]) {
      expect(await append(store(), batch('s', entries, first))).toMatchObject({
        status: 'refused',
        refusal: { code: 'id_reused', field: 'id' },
      });
    }
    expect(await store().load('t')).toMatchObject({ lastSeq: 7, head: 'c' });
    expect(await store().purge('s')).toEqual(['hs']);
  });

  test('L7: only a deleted session without an open host is purged, and it is purgeable in its time', async () => {
    await create(store(), 's');
    await expect(store().purge('s')).rejects.toMatchObject({ refusal: { code: 'conflict' } });
    await expect(store().purge('none')).rejects.toMatchObject({ refusal: { code: 'not_found' } });
    const hosts = [{ host: 'h', phase: 'intended', spec: '{}' } as const];
    await append(store(), batch('s', [], { hosts, state: state(deleted) }));
    await expect(store().purge('s')).rejects.toMatchObject({ refusal: { code: 'busy' } });
    await append(store(), batch('s', [], { hosts: [{ host: 'h', phase: 'ended' }] }));
    expect(await store().purgeable('2026-01-31T23:59:59.999Z')).toEqual([]);
    expect(await store().purgeable(deleted.purgeAt)).toEqual(['s']);
    expect(await store().purge('s')).toEqual(['h']);
    expect(await store().purgeable(deleted.purgeAt)).toEqual([]);
  });

  test('L7: what is stored under a purged blob is stored again, and rows of a new session are its own', async () => {
    const bytes = Buffer.from('again');
    const { digest } = await store().putBlob(bytes);
    await full(store(), 's', digest);
    await change(store(), 's', deleted);
    await store().purge('s');
    expect(await store().getBlob(digest)).toBeUndefined();
    await store().putBlob(bytes);
    await append(store(), batch('t', [naming('q', [digest, digest])], first));
    expect(await store().getBlob(digest)).toHaveLength(5);
    expect(await store().load('t')).toMatchObject({ lastSeq: 1, hosts: [] });
    const kinds = ['message', 'approval'] as const;
    const page = await store().history({ session: 't', after: 0, kinds, limit: 9, maxBytes: 1e6 });
    expect(page.entries.map(({ id }) => id)).toEqual(['q']);
  });
}
