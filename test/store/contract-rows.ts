import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { HostInput, Store } from '../../src/ports/store.ts';
import {
  append,
  approval,
  batch,
  decision,
  first,
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
    await expect(store().tokens.create(token)).rejects.toThrow('There is a token');
    expect(await store().tokens.byDigest(token.digest)).toEqual(token);
    expect([
      await store().tokens.revoke('t1', 'then'),
      await store().tokens.revoke('t1', 'later'),
    ]).toEqual([true, false]);
    expect(await store().tokens.list()).toEqual([{ ...token, revokedAt: 'then' }]);
  });
}
