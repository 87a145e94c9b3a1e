import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { HostInput, Store, TokenRow } from '../../src/ports/store.ts';
import {
  append,
  approval,
  batch,
  decision,
  first,
  message,
  notice,
  runEnded,
  runStarted,
  state,
  time,
} from './sample.ts';

function input(offset: number, bytes: Uint8Array, more: Partial<HostInput> = {}): HostInput {
  const mark = { at: time, seq: 0, output: 0, run: null, entry: null };
  return { host: 'h', offset, ...mark, bytes, ...more };
}

export function hostRows(store: () => Store): void {
  test('L4: hosts, input, state and entries are one transaction', async () => {
    const host = { host: 'h', phase: 'intended', spec: '{}' } as const;
    const bytes = Buffer.from('hello ');
    await append(
      store(),
      batch('s', [], {
        ...first,
        hosts: [host],
        state: state(),
        inputs: [input(0, bytes)],
      }),
    );
    expect(await store().load('s')).toMatchObject({
      epoch: 1,
      lastSeq: 0,
      head: null,
      stateVersion: 1,
      state: '{"a":1}',
      hosts: [{ host: 'h', session: 's', inputEnd: 6, ingested: 0, snapshot: null }],
    });
    const gap = { inputs: [input(7, bytes)], hosts: [{ host: 'h', ingested: 9 }] };
    expect(await append(store(), batch('s', [notice('n')], gap))).toMatchObject({
      status: 'refused',
    });
    expect(await store().load('s')).toMatchObject({ lastSeq: 0, hosts: [{ ingested: 0 }] });
    await append(
      store(),
      batch('s', [], {
        hosts: [
          { host: 'h', phase: 'ended' },
          { host: 'i', phase: 'intended', spec: '{}' },
          { host: 'i', phase: 'ended' },
        ],
      }),
    );
    expect(await store().openHosts()).toEqual([]);
  });

  test('L4: after the end of a host nobody reads its input on, and nothing is added to it', async () => {
    const host = { host: 'h', phase: 'intended', spec: '{}', snapshot: '{}' } as const;
    const hello = input(0, Buffer.from('hello '));
    await append(store(), batch('s', [], { ...first, hosts: [host], inputs: [hello] }));
    const late = { ...hello, offset: 6 };
    const over = { hosts: [{ host: 'h', phase: 'ended' } as const, { host: 'h', ingested: 7 }] };
    expect(
      await append(store(), batch('s', [notice('n')], { ...over, inputs: [late] })),
    ).toMatchObject({ status: 'stored' });
    expect((await store().hostInputs('h', 0, 100)).byteLength).toBe(0);
    expect(await store().load('s')).toMatchObject({ lastSeq: 1, hosts: [] });
    for (const change of [{ inputs: [late] }, { hosts: [{ host: 'h', ingested: 8 }] }]) {
      expect(await append(store(), batch('s', [], change))).toMatchObject({ status: 'refused' });
    }
  });

  test('input continues exactly; stored bytes may be offered again only when equal', async () => {
    const host = { host: 'h', phase: 'intended', spec: '{}' } as const;
    await append(store(), batch('s', [], { ...first, hosts: [host] }));
    const give = async (offset: number, text: string): Promise<string> => {
      const inputs = [input(offset, Buffer.from(text))];
      return (await append(store(), batch('s', [], { inputs }))).status;
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

export function rawRows(store: () => Store): void {
  test('L10: marks of a host stay after its end until its files are settled', async () => {
    const host = { host: 'h', phase: 'intended', spec: '{}' } as const;
    const one = input(0, Buffer.from('one\n'), { seq: 3, output: 7, run: 'r', entry: 'p' });
    const two = input(4, Buffer.from('two!\n'));
    await append(store(), batch('s', [], { ...first, hosts: [host], inputs: [one, two] }));
    const { bytes: _, host: __, ...mark } = one;
    const marks = [
      { ...mark, size: 4 },
      { offset: 4, size: 5, at: time, seq: 0, output: 0, run: null, entry: null },
    ];
    for (const offset of [0, 3]) expect(await store().inputMarks('h', offset, 9)).toEqual(marks);
    expect(await store().inputMarks('h', 4, 9)).toEqual(marks.slice(1));
    expect(await store().inputMarks('h', 0, 1)).toEqual(marks.slice(0, 1));
    expect(await store().endedHosts()).toEqual([]);
    expect(await store().settleHost('h', 'lost')).toBe(false);
    expect(await store().inputMarks('h', 0, 9)).toEqual(marks);
    await append(store(), batch('s', [], { hosts: [{ host: 'h', phase: 'ended', ingested: 12 }] }));
    expect(await store().endedHosts()).toEqual([{ host: 'h', ingested: 12, withheld: false }]);
    expect(await store().inputMarks('h', 0, 9)).toEqual(marks);
    for (const files of ['archived', 'archived', 'expired'] as const) {
      expect(await store().settleHost('h', files)).toBe(true);
      expect(await store().inputMarks('h', 0, 9)).toEqual([]);
      expect(await store().endedHosts()).toEqual([]);
    }
  });

  test('L10: the part of a run in a host is stored once, and told with what became of the files', async () => {
    const place = (output: number, sent: number) => ({ run: 'r', host: 'h', output, sent });
    const span = async (change: 'begin' | 'end', output: number): Promise<void> => {
      const spans = [{ change, ...place(output, output + 1) }];
      expect(await append(store(), batch('s', [], { spans }))).toMatchObject({ status: 'stored' });
    };
    const host = { host: 'h', phase: 'intended', spec: '{}' } as const;
    await append(store(), batch('s', [], { ...first, hosts: [host] }));
    await span('begin', 5);
    await span('begin', 6);
    const begun = { host: 'h', files: 'open', begin: { output: 5, sent: 6 }, end: null };
    expect(await store().runSpans('s', 'r')).toEqual([begun]);
    await span('end', 9);
    await span('end', 10);
    const whole = { ...begun, end: { output: 9, sent: 10 } };
    expect(await store().runSpans('s', 'r')).toEqual([whole]);
    await append(store(), batch('s', [], { hosts: [{ host: 'h', phase: 'ended' }] }));
    expect(await store().runSpans('s', 'r')).toEqual([{ ...whole, files: 'ended' }]);
    await store().settleHost('h', 'archived');
    expect(await store().runSpans('s', 'r')).toEqual([{ ...whole, files: 'archived' }]);
    expect(await store().runSpans('s', 'other')).toEqual([]);
    expect(await store().runSpans('other', 'r')).toEqual([]);
  });

  test('L6 L10: entries are found by a range of ids, or by name, of their own session only', async () => {
    const entries = ['h-001-0', 'h-002-0', 'h-002-1', 'h-003-0', 'i-001-0'].map((id) => notice(id));
    await append(store(), batch('s', entries, first));
    await append(store(), batch('t', [notice('h-002-5')], first));
    const range = { session: 's', from: 'h-002', before: 'h-003' };
    const found = await store().entriesBetween({ ...range, limit: 9 });
    expect(found).toEqual([
      { seq: 2, id: 'h-002-0', kind: 'notice', at: time },
      { seq: 3, id: 'h-002-1', kind: 'notice', at: time },
    ]);
    expect(await store().entriesBetween({ ...range, limit: 1 })).toEqual(found.slice(0, 1));
    const names = ['h-002-1', 'h-002-5', 'none'];
    expect(await store().entriesNamed('s', names)).toEqual(found.slice(1));
  });
}

export function keptRows(store: () => Store): void {
  test('runs are kept as their entries tell them and page newest first', async () => {
    await append(
      store(),
      batch('s', [runStarted('r1', 'one'), runEnded('e1', 'one'), runStarted('r2', 'two')], first),
    );
    await append(
      store(),
      batch('t', [notice('n', 'n', { runId: 'odd' }), runStarted('r3', 'odd')], first),
    );
    expect(await store().run('s', 'one')).toMatchObject({
      startedSeq: 1,
      endedSeq: 2,
      outcome: 'completed',
      trigger: 'prompt',
    });
    expect(JSON.parse((await store().run('s', 'one'))?.ended ?? '')).toMatchObject({
      outcome: 'completed',
    });
    const page = await store().runs({ limit: 2 });
    expect(page.runs.map(({ run }) => run)).toEqual(['odd', 'two']);
    const rest = await store().runs({ limit: 2, cursor: page.next ?? '' });
    expect([rest.runs.map(({ run }) => run), rest.next]).toEqual([['one'], null]);
    expect(
      (await store().runs({ limit: 9, open: true, session: 's' })).runs.map(({ run }) => run),
    ).toEqual(['two']);
    expect((await store().runs({ limit: 9, outcome: 'completed', sessions: ['t'] })).runs).toEqual(
      [],
    );
    const odd = await store().history({
      session: 't',
      after: 0,
      run: 'odd',
      limit: 9,
      maxBytes: 1e6,
    });
    expect(odd.entries.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('approvals stay open until their decision is stored', async () => {
    await append(store(), batch('s', [approval('p'), approval('q')], first));
    await append(store(), batch('t', [approval('p')], first));
    await append(store(), batch('s', [decision('d', 'p')]));
    const open = await store().openApprovals({ limit: 9 });
    expect(open.map(({ session, entry }) => [session, entry.id])).toEqual([
      ['s', 'q'],
      ['t', 'p'],
    ]);
    expect(await store().openApprovals({ sessions: ['t'], limit: 9 })).toHaveLength(1);
  });

  test('blobs are named by their content', async () => {
    const ref = await store().putBlob(Buffer.from('bytes'));
    expect(ref).toEqual({ digest: createHash('sha256').update('bytes').digest('hex'), size: 5 });
    expect(await store().putBlob(Buffer.from('bytes'))).toEqual(ref);
    expect(Buffer.from((await store().getBlob(ref.digest)) ?? []).toString()).toBe('bytes');
    expect([
      await store().getBlob('0'.repeat(64)),
      await store().getBlob('../../turnkeep.db'),
    ]).toEqual([undefined, undefined]);
  });

  test('tokens are found by digest only and revoked once', async () => {
    const token = {
      id: 't1',
      name: 'laptop',
      digest: 'd'.repeat(64),
      user: null,
      scopes: ['view'],
      sessions: ['s'],
      createdAt: 'now',
      expiresAt: null,
      revokedAt: null,
    };
    await store().tokens.create(token);
    // Of a session that is not there yet.
    const kept = { ...token, epoch: 1 };
    await expect(store().tokens.create(token)).rejects.toThrow('There is a token');
    expect(await store().tokens.byDigest(token.digest)).toEqual(kept);
    expect([
      await store().tokens.revoke('t1', 'then'),
      await store().tokens.revoke('t1', 'later'),
    ]).toEqual([true, false]);
    expect(await store().tokens.list()).toEqual([{ ...kept, revokedAt: 'then' }]);
  });

  test('L1 S1: a login says when it was last used and until when it lives; a revoked one stays as it is', async () => {
    const login: TokenRow = {
      id: 'login',
      name: 'Firefox on Linux',
      digest: 'l'.repeat(64),
      user: null,
      scopes: ['view'],
      sessions: null,
      usedAt: 'at first',
      createdAt: 'at first',
      expiresAt: 'soon',
      revokedAt: null,
    };
    await store().tokens.create(login);
    expect(await store().tokens.byDigest(login.digest)).toEqual(login);
    await store().tokens.use('login', 'now', 'later');
    const used = { ...login, usedAt: 'now', expiresAt: 'later' };
    expect(await store().tokens.byDigest(login.digest)).toEqual(used);
    await store().tokens.revoke('login', 'then');
    await store().tokens.use('login', 'again', 'much later');
    expect(await store().tokens.byDigest(login.digest)).toEqual({ ...used, revokedAt: 'then' });
  });

  test('L4 S1: a token for one session has the epoch of its writer when it was made, others have none', async () => {
    const made = async (id: string, sessions: string[] | null) => {
      const digest = id.padEnd(64, '0');
      await store().tokens.create({
        id,
        name: id,
        digest,
        user: null,
        scopes: ['manage'],
        sessions,
        organization: 'org',
        createdAt: 'now',
        expiresAt: null,
        revokedAt: null,
      });
      return (await store().tokens.byDigest(digest))?.epoch;
    };
    expect(await made('before', ['s'])).toBe(1);
    await append(store(), batch('s', [message('a', null)], first));
    await append(store(), batch('s', [notice('n')], { raiseEpoch: 2 }));
    expect(await made('after', ['s'])).toBe(2);
    expect(await made('of two', ['s', 't'])).toBeUndefined();
    expect(await made('of all', null)).toBeUndefined();
    const found = await store().tokens.byDigest('before'.padEnd(64, '0'));
    expect(found).toMatchObject({ epoch: 1, organization: 'org' });
  });
}
