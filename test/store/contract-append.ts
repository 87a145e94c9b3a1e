import { expect, test } from 'vitest';
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

export function appends(store: () => Store): void {
  test('L2 L5: seqs are dense from 1 and only nodes move the head', async () => {
    const one = await append(store(), batch('s', [message('a', null), notice('n')], first));
    expect(one).toEqual({ status: 'stored', firstSeq: 1, lastSeq: 2, head: 'a', known: 0 });
    const two = await append(store(), batch('s', [notice('o')]));
    expect(two).toEqual({ status: 'stored', firstSeq: 3, lastSeq: 3, head: 'a', known: 0 });
    expect((await historyOf(store(), 's')).map(({ seq, id }) => [seq, id])).toEqual([
      [1, 'a'],
      [2, 'n'],
      [3, 'o'],
    ]);
  });

  test('L3: a repeated id with the same content answers the seqs, who and when aside', async () => {
    await append(store(), batch('s', [message('a', null), message('b', 'a')], first));
    const later = message('b', 'other', 'b', {
      at: '2027-01-01T00:00:00.000Z',
      by: { type: 'agent', host: 'h' },
    });
    expect(await append(store(), batch('s', [later]))).toEqual({
      status: 'duplicate',
      seqs: [2],
      head: 'b',
    });
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

  test('L1 L3: a state that all of the entries lead to is not stored where some are known', async () => {
    await append(store(), batch('s', [message('a', null)], first));
    const entries = [message('a', null), message('b', 'a')];
    const mixed = await append(store(), batch('s', entries, { state: state() }));
    expect(mixed).toMatchObject({ status: 'refused', refusal: { code: 'id_reused' } });
    expect(await historyOf(store(), 's')).toHaveLength(1);
  });

  test('L4: duplicate comes before fenced, fenced before conflict, conflict before what else is wrong', async () => {
    await append(store(), batch('s', [message('a', null)], first));
    await append(store(), batch('s', [notice('n')], { raiseEpoch: 2 }));
    expect(await append(store(), batch('s', [message('a', null)]))).toMatchObject({
      status: 'duplicate',
    });
    const stale = { epoch: 1, expect: { head: null } };
    expect(await append(store(), batch('s', [message('b', 'a')], stale))).toEqual({
      status: 'fenced',
      epoch: 2,
    });
    const moved = await append(
      store(),
      batch('s', [message('b', 'nowhere')], { ...stale, epoch: 2 }),
    );
    expect(moved).toEqual({ status: 'conflict', head: 'a', seq: 2, epoch: 2 });
    const fits = await append(
      store(),
      batch('s', [message('b', 'a')], { epoch: 2, expect: { seq: 2 } }),
    );
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
    expect(verdicts.map(({ status }) => status)).toEqual([
      'stored',
      'refused',
      'stored',
      'stored',
      'refused',
    ]);
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

export function refusals(store: () => Store): void {
  test('L3 L4: an id with other content refuses the whole batch', async () => {
    await append(store(), batch('s', [message('a', null)], first));
    const verdict = await append(
      store(),
      batch('s', [message('a', null, 'else'), message('b', 'a')]),
    );
    expect(verdict).toMatchObject({ status: 'refused', index: 0, refusal: { code: 'id_reused' } });
    expect(await historyOf(store(), 's')).toHaveLength(1);
  });

  test('R2: a second terminal and an entry after the terminal are refused', async () => {
    await append(
      store(),
      batch('s', [runStarted('r', 'run'), message('a', null, 'a', { runId: 'run' })], first),
    );
    await append(store(), batch('s', [runEnded('e', 'run')]));
    const second = await append(store(), batch('s', [runEnded('f', 'run')]));
    expect(second).toMatchObject({ status: 'refused', refusal: { code: 'invalid' } });
    const late = await append(
      store(),
      batch('s', [notice('x'), notice('n', 'n', { runId: 'run' })]),
    );
    expect(late).toMatchObject({ status: 'refused', index: 1 });
    const within = [
      runStarted('r2', 'two'),
      runEnded('e2', 'two'),
      notice('m', 'm', { runId: 'two' }),
    ];
    expect(await append(store(), batch('s', within))).toMatchObject({
      status: 'refused',
      index: 2,
    });
    expect(await historyOf(store(), 's')).toHaveLength(3);
  });

  test('L4: a key that is taken, an epoch that does not rise and a broken entry are refused', async () => {
    await append(store(), batch('s', [], { create: { key: 'k' } }));
    const taken = await append(store(), batch('t', [], { create: { key: 'k' } }));
    expect(taken).toMatchObject({ status: 'refused', refusal: { code: 'conflict', field: 'key' } });
    expect(await append(store(), batch('s', [], { raiseEpoch: 1 }))).toMatchObject({
      status: 'refused',
    });
    const { parentId: _, ...rootless } = message('a', null);
    for (const bad of [notice('../x'), rootless, notice('p', 'p', { parentId: null })]) {
      const verdict = await append(store(), batch('s', [bad as typeof rootless]));
      expect(verdict).toMatchObject({ status: 'refused', index: 0, refusal: { code: 'invalid' } });
    }
    expect(await store().load('t')).toBeUndefined();
  });
}
