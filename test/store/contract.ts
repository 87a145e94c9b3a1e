import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestText } from '../../src/domain/entry.ts';
import type { Store } from '../../src/ports/store.ts';
import {
  append, approval, batch, columns, decision, first, historyOf, message, notice, runEnded, runStarted, state,
} from './sample.ts';

export interface Opened {
  store: Store;
  remove(): void;
}

/** What every store must do; an adapter's test gives the way to open an empty one. */
export function storeContract(name: string, open: () => Promise<Opened>): void {
  describe(name, () => {
    let opened: Opened;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(async () => {
      expect(await opened.store.check()).toEqual([]);
      await opened.store.close();
      opened.remove();
    });
    appends(() => opened.store);
    refusals(() => opened.store);
    hostRows(() => opened.store);
    reads(() => opened.store);
    keptRows(() => opened.store);
  });
}

function appends(store: () => Store): void {
  test('L2 L5: seqs are dense from 1 and only nodes move the head', async () => {
    const one = await append(store(), batch('s', [message('a', null), notice('n')], first));
    expect(one).toEqual({ status: 'stored', firstSeq: 1, lastSeq: 2, head: 'a', known: 0 });
    const two = await append(store(), batch('s', [notice('o')]));
    expect(two).toEqual({ status: 'stored', firstSeq: 3, lastSeq: 3, head: 'a', known: 0 });
    expect((await historyOf(store(), 's')).map(({ seq, id }) => [seq, id])).toEqual([[1, 'a'], [2, 'n'], [3, 'o']]);
  });

  test('L3: a repeated id with the same content answers the seqs, who and when aside', async () => {
    await append(store(), batch('s', [message('a', null), message('b', 'a')], first));
    const later = message('b', 'other', 'b', { at: '2027-01-01T00:00:00.000Z', by: { type: 'agent', host: 'h' } });
    expect(await append(store(), batch('s', [later]))).toEqual({ status: 'duplicate', seqs: [2], head: 'b' });
    const again = await append(store(), batch('s', [message('a', null), message('b', 'a')], first));
    expect(again).toEqual({ status: 'duplicate', seqs: [1, 2], head: 'b' });
  });

  test('L3: a known prefix is kept and the rest appended; known entries elsewhere refuse the batch', async () => {
    await append(store(), batch('s', [message('a', null)], first));
    const rest = await append(store(), batch('s', [message('a', null), message('b', 'a')]));
    expect(rest).toEqual({ status: 'stored', firstSeq: 2, lastSeq: 2, head: 'b', known: 1 });
    const middle = await append(store(), batch('s', [message('c', 'b'), message('a', null)]));
    expect(middle).toMatchObject({ status: 'refused', index: 1, refusal: { code: 'invalid' } });
    expect(await historyOf(store(), 's')).toHaveLength(2);
  });

  test('L4: duplicate comes before fenced, fenced before conflict, conflict before what else is wrong', async () => {
    await append(store(), batch('s', [message('a', null)], first));
    await append(store(), batch('s', [notice('n')], { raiseEpoch: 2 }));
    expect(await append(store(), batch('s', [message('a', null)]))).toMatchObject({ status: 'duplicate' });
    const stale = { epoch: 1, expect: { head: null } };
    expect(await append(store(), batch('s', [message('b', 'a')], stale))).toEqual({ status: 'fenced', epoch: 2 });
    const moved = await append(store(), batch('s', [message('b', 'nowhere')], { ...stale, epoch: 2 }));
    expect(moved).toEqual({ status: 'conflict', head: 'a', seq: 2, epoch: 2 });
    const fits = await append(store(), batch('s', [message('b', 'a')], { epoch: 2, expect: { seq: 2 } }));
    expect(fits).toMatchObject({ status: 'stored', lastSeq: 3 });
  });

  test('L4: one refused batch of a group leaves the others alone, and batches of a session see each other', async () => {
    const verdicts = await store().append([
      batch('t', [message('a', null)], first),
      batch('none', [message('a', null)]),
      batch('s', [message('a', null)], first),
      batch('s', [message('b', 'a')], { expect: { head: 'a' } }),
      batch('s', [message('b', 'a', 'other')]),
    ]);
    expect(verdicts.map(({ status }) => status)).toEqual(['stored', 'refused', 'stored', 'stored', 'refused']);
    expect(verdicts[3]).toMatchObject({ firstSeq: 2 });
  });

  test('L5: a batch may continue at any entry of the session, nothing is given another parent', async () => {
    await append(store(), batch('s', [message('a', null), message('b', 'a')], first));
    await append(store(), batch('s', [message('c', 'a'), message('r', null)]));
    const parents = (await historyOf(store(), 's')).map(({ parentId }) => parentId);
    expect(parents).toEqual([null, 'a', 'a', null]);
    const missing = await append(store(), batch('s', [message('d', 'nowhere')]));
    expect(missing).toMatchObject({ status: 'refused', index: 0, refusal: { code: 'invalid' } });
  });
}

function refusals(store: () => Store): void {
  test('L3 L4: an id with other content refuses the whole batch', async () => {
    await append(store(), batch('s', [message('a', null)], first));
    const verdict = await append(store(), batch('s', [message('a', null, 'else'), message('b', 'a')]));
    expect(verdict).toMatchObject({ status: 'refused', index: 0, refusal: { code: 'id_reused' } });
    expect(await historyOf(store(), 's')).toHaveLength(1);
  });

  test('R2: a second terminal and an entry after the terminal are refused', async () => {
    await append(store(), batch('s', [runStarted('r', 'run'), message('a', null, 'a', { runId: 'run' })], first));
    await append(store(), batch('s', [runEnded('e', 'run')]));
    const second = await append(store(), batch('s', [runEnded('f', 'run')]));
    expect(second).toMatchObject({ status: 'refused', refusal: { code: 'invalid' } });
    const late = await append(store(), batch('s', [notice('x'), notice('n', 'n', { runId: 'run' })]));
    expect(late).toMatchObject({ status: 'refused', index: 1 });
    const within = [runStarted('r2', 'two'), runEnded('e2', 'two'), notice('m', 'm', { runId: 'two' })];
    expect(await append(store(), batch('s', within))).toMatchObject({ status: 'refused', index: 2 });
    expect(await historyOf(store(), 's')).toHaveLength(3);
  });

  test('L4: a key that is taken, an epoch that does not rise and a broken entry are refused', async () => {
    await append(store(), batch('s', [], { create: { key: 'k' } }));
    const taken = await append(store(), batch('t', [], { create: { key: 'k' } }));
    expect(taken).toMatchObject({ status: 'refused', refusal: { code: 'conflict', field: 'key' } });
    expect(await append(store(), batch('s', [], { raiseEpoch: 1 }))).toMatchObject({ status: 'refused' });
    const { parentId: _, ...rootless } = message('a', null);
    for (const bad of [notice('../x'), rootless, notice('p', 'p', { parentId: null })]) {
      const verdict = await append(store(), batch('s', [bad as typeof rootless]));
      expect(verdict).toMatchObject({ status: 'refused', index: 0, refusal: { code: 'invalid' } });
    }
    expect(await store().load('t')).toBeUndefined();
  });
}

function hostRows(store: () => Store): void {
  test('L4 P1: host, input, state and entries are one transaction', async () => {
    const host = { host: 'h', phase: 'intended', spec: '{}' } as const;
    const bytes = Buffer.from('hello ');
    await append(store(), batch('s', [], { ...first, hosts: [host], state: state(), inputs: [{ host: 'h', offset: 0, bytes }] }));
    expect(await store().load('s')).toMatchObject({
      epoch: 1, lastSeq: 0, head: null, stateVersion: 1, state: '{"a":1}',
      hosts: [{ host: 'h', session: 's', phase: 'intended', inputEnd: 6, pid: null, snapshot: null }],
    });
    const gap = { inputs: [{ host: 'h', offset: 7, bytes }], hosts: [{ host: 'h', pid: 9 }] };
    expect(await append(store(), batch('s', [notice('n')], gap))).toMatchObject({ status: 'refused' });
    expect(await store().load('s')).toMatchObject({ lastSeq: 0, hosts: [{ pid: null }] });
    await append(store(), batch('s', [], { hosts: [{ host: 'h', phase: 'ended' }, { host: 'i', phase: 'intended', spec: '{}' }, { host: 'i', phase: 'ended' }] }));
    expect(await store().openHosts()).toEqual([]);
  });

  test('R7: input continues exactly; stored bytes may be offered again only when equal', async () => {
    const host = { host: 'h', phase: 'intended', spec: '{}' } as const;
    await append(store(), batch('s', [], { ...first, hosts: [host] }));
    const give = async (offset: number, text: string): Promise<string> => {
      const input = { host: 'h', offset, bytes: Buffer.from(text) };
      return (await append(store(), batch('s', [], { inputs: [input] }))).status;
    };
    expect(await give(0, 'one ')).toBe('stored');
    expect(await give(4, 'two ')).toBe('stored');
    expect(await give(2, 'e tw')).toBe('stored');
    expect(await give(0, 'ONE ')).toBe('refused');
    expect(await give(6, 'o three')).toBe('refused');
    expect(Buffer.from(await store().hostInputs('h', 2, 4)).toString()).toBe('e tw');
    expect(Buffer.from(await store().hostInputs('h', 0, 100)).toString()).toBe('one two ');
    expect((await store().hostInputs('h', 8, 100)).byteLength).toBe(0);
  });
}

function reads(store: () => Store): void {
  test('L6: pages are bounded by count and by bytes in both directions and with any filter', async () => {
    const many = Array.from({ length: 1500 }, (_, index) =>
      index % 700 === 3 ? message(`m${index}`, null) : notice(`n${index}`, 'x'.repeat(50)));
    await append(store(), batch('s', [...many, runStarted('r', 'run'), runEnded('e', 'run')], first));
    const page = await store().history({ session: 's', after: 10, limit: 5, maxBytes: 1e6 });
    expect(page).toMatchObject({ ended: 'limit', next: 15, lastSeq: 1502, head: 'm1403' });
    const small = await store().history({ session: 's', before: 1000, limit: 5, maxBytes: 200 });
    expect([small.ended, small.entries.map(({ seq }) => seq)]).toEqual(['bytes', [999, 998]]);
    const one = await store().history({ session: 's', after: 0, limit: 5, maxBytes: 1 });
    expect(one.entries).toHaveLength(1);
    for (const cursor of [{ after: 0 }, { before: 1503 }]) {
      const rare = await store().history({ session: 's', ...cursor, kinds: ['message', 'run_ended'], limit: 9, maxBytes: 1e6 });
      const seqs = rare.entries.map(({ seq }) => seq);
      expect([rare.ended, rare.next, seqs.sort((a, b) => a - b)]).toEqual(['end', null, [4, 704, 1404, 1502]]);
    }
    const run = await store().history({ session: 's', after: 0, run: 'run', kinds: ['run_ended'], limit: 9, maxBytes: 1e6 });
    expect(run.entries.map(({ id }) => id)).toEqual(['e']);
    const absent = await store().history({ session: 'none', after: 0, limit: 5, maxBytes: 10 });
    expect(absent).toEqual({ entries: [], next: null, ended: 'end', head: null, lastSeq: 0 });
  });

  test('L8: lone surrogates, NUL and odd keys come back as they were given, with a right digest', async () => {
    const text = 'a\ud800b\u0000c\u2028"\\';
    const data = JSON.parse(`{"code":"x","text":"t","data":{"__proto__":1,"b":[null,-0,1e21],"é":"\\ud83d"}}`) as never;
    const odd = { ...notice('o'), data, parentCall: text };
    await append(store(), batch('s', [message('a', null, text), odd], first));
    const [a, o] = await historyOf(store(), 's');
    expect(a).toMatchObject({ data: { content: [{ text }] } });
    expect(o?.parentCall).toBe(text);
    const entry = await store().entry('s', 'o');
    expect(entry?.digest).toBe(createHash('sha256').update(digestText(odd)).digest('hex'));
    const page = await store().historyText({ session: 's', after: 1, limit: 9, maxBytes: 1e6 });
    expect(Object.keys(JSON.parse(page.entries[0]?.json ?? '') as object)).toEqual(
      ['seq', 'id', 'at', 'kind', 'by', 'parentCall', 'data', 'digest'],
    );
  });

  test('L6: lists page by a stable cursor, with every filter and text taken literally', async () => {
    await store().append(Array.from({ length: 7 }, (_, index) => batch(`s${index}`, [], {
      ...first,
      state: state({
        createdAt: `2026-01-0${index + 1}`, lastActivityAt: `2026-02-0${9 - index}`, title: `100%_${index} ÉCLAIR`,
        label: index % 2 === 0 ? 'even' : 'odd', meta: { n: String(index) }, row: `{"n":${index}}`,
        archived: index === 6, status: index < 2 ? 'running' : 'idle', updatedAt: `2026-03-0${index + 1}`,
      }),
    })));
    const ids = async (query: object): Promise<string[]> => {
      const page = await store().sessions({ sort: 'created', limit: 50, ...query });
      return page.rows.map(({ session }) => session);
    };
    const one = await store().sessions({ sort: 'created', limit: 3 });
    expect(one.rows.map(({ row }) => row)).toEqual(['{"n":6}', '{"n":5}', '{"n":4}']);
    const two = await store().sessions({ sort: 'created', limit: 4, cursor: one.next ?? '' });
    expect([two.rows.map(({ session }) => session), two.next, two.asOf]).toEqual([['s3', 's2', 's1', 's0'], null, one.asOf]);
    expect(await ids({ sort: 'activity', limit: 2 })).toEqual(['s0', 's1']);
    expect(await ids({ label: 'odd', status: ['idle'] })).toEqual(['s5', 's3']);
    expect(await ids({ text: '%_3 éc' })).toEqual(['s3']);
    expect(await ids({ text: '1%3' })).toEqual([]);
    expect(await ids({ meta: { n: '4' }, agent: 'scripted', cwd: '/work' })).toEqual(['s4']);
    expect(await ids({ archived: true })).toEqual(['s6']);
    expect(await ids({ updatedSince: '2026-03-06', sessions: ['s5', 's1'] })).toEqual(['s5']);
    await expect(store().sessions({ sort: 'activity', limit: 1, cursor: one.next ?? '' })).rejects.toThrow('sorted by');
  });

  test('L6: a name resolves to an id, key, label, single id prefix, title or native id', async () => {
    await store().append([
      batch('abc1', [], { create: { key: 'key' }, state: state({ key: 'key', title: 'T', nativeId: 'n-1' }) }),
      batch('abd2', [], { ...first, state: state({ label: 'key', title: 'T' }) }),
    ]);
    const of = async (name: string): Promise<string[]> => (await store().resolve(name)).map(({ session }) => session);
    expect(await of('key')).toEqual(['abc1', 'abd2']);
    expect([await of('abc'), await of('ab'), await of('n-1'), await of('%')]).toEqual([['abc1'], [], ['abc1'], []]);
    expect(await of('T')).toEqual(['abd2', 'abc1']);
  });
}

function keptRows(store: () => Store): void {
  test('R2: runs are kept as their entries tell them and page newest first', async () => {
    await append(store(), batch('s', [runStarted('r1', 'one'), runEnded('e1', 'one'), runStarted('r2', 'two')], first));
    await append(store(), batch('t', [notice('n', 'n', { runId: 'odd' }), runStarted('r3', 'odd')], first));
    expect(await store().run('s', 'one')).toMatchObject({ startedSeq: 1, endedSeq: 2, outcome: 'completed', trigger: 'prompt' });
    expect(JSON.parse((await store().run('s', 'one'))?.ended ?? '')).toMatchObject({ outcome: 'completed' });
    const page = await store().runs({ limit: 2 });
    expect(page.runs.map(({ run }) => run)).toEqual(['odd', 'two']);
    const rest = await store().runs({ limit: 2, cursor: page.next ?? '' });
    expect([rest.runs.map(({ run }) => run), rest.next]).toEqual([['one'], null]);
    expect((await store().runs({ limit: 9, open: true, session: 's' })).runs.map(({ run }) => run)).toEqual(['two']);
    expect((await store().runs({ limit: 9, outcome: 'completed', sessions: ['t'] })).runs).toEqual([]);
    const odd = await store().history({ session: 't', after: 0, run: 'odd', limit: 9, maxBytes: 1e6 });
    expect(odd.entries.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('A1 A2: approvals stay open until their decision is stored', async () => {
    await append(store(), batch('s', [approval('p'), approval('q')], first));
    await append(store(), batch('t', [approval('p')], first));
    await append(store(), batch('s', [decision('d', 'p')]));
    const open = await store().openApprovals({ limit: 9 });
    expect(open.map(({ session, entry }) => [session, entry.id])).toEqual([['s', 'q'], ['t', 'p']]);
    expect(await store().openApprovals({ sessions: ['t'], limit: 9 })).toHaveLength(1);
  });

  test('L6: sessions whose state has another version are found for the rebuild', async () => {
    await append(store(), batch('s', [], { ...first, state: state() }));
    await append(store(), batch('bare', [notice('n')], first));
    expect([await store().staleSessions(1), await store().staleSessions(2)]).toEqual([['bare'], ['bare', 's']]);
    await append(store(), batch('s', [], { state: { ...state(), version: 2, columns: columns({ title: 'new' }) } }));
    expect(await store().staleSessions(2)).toEqual(['bare']);
  });

  test('L3: blobs are named by their content', async () => {
    const ref = await store().putBlob(Buffer.from('bytes'));
    expect(ref).toEqual({ digest: createHash('sha256').update('bytes').digest('hex'), size: 5 });
    expect(await store().putBlob(Buffer.from('bytes'))).toEqual(ref);
    expect(Buffer.from((await store().getBlob(ref.digest)) ?? []).toString()).toBe('bytes');
    expect([await store().getBlob('0'.repeat(64)), await store().getBlob('../../turnkeep.db')]).toEqual([undefined, undefined]);
  });

  test('S1: tokens are found by digest only and revoked once', async () => {
    const token = {
      id: 't1', name: 'laptop', digest: 'd'.repeat(64), user: null, scopes: ['view'], sessions: ['s'],
      createdAt: 'now', expiresAt: null, revokedAt: null,
    };
    await store().tokens.create(token);
    await expect(store().tokens.create(token)).rejects.toThrow('There is a token');
    expect(await store().tokens.byDigest(token.digest)).toEqual(token);
    expect([await store().tokens.revoke('t1', 'then'), await store().tokens.revoke('t1', 'later')]).toEqual([true, false]);
    expect(await store().tokens.list()).toEqual([{ ...token, revokedAt: 'then' }]);
  });
}
