import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import type { Rule } from '../../src/domain/policy.ts';
import type { Store } from '../../src/ports/store.ts';
import { openStore } from '../../src/store/open.ts';
import { append, approval, batch, decision, first, historyOf } from './sample.ts';

const rule = (command: string): Rule => ({ effect: 'allow', command });
const numbered = (count: number): Rule[] =>
  Array.from({ length: count }, (_, at) => rule(`ls ${at}`));

class Place {
  store!: Store;
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async made(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'turnkeep-policies-')));
    await place.open();
    onTestFinished(async () => {
      await place.store.close();
      await rm(place.#dir, { recursive: true });
    });
    return place;
  }

  async open(): Promise<void> {
    const onFatal = (error: Error): never => {
      throw error;
    };
    this.store = await openStore({ dir: this.#dir, onFatal });
  }

  async reopen(): Promise<void> {
    await this.store.close();
    await this.open();
  }
}

const set = (directory: string | null, rules: readonly Rule[], revision?: number) => ({
  directory,
  rules,
  by: 'ada',
  ...(revision === undefined ? {} : { revision }),
});

test('A4: rules stand under their directory, with a revision that no removal sets back', async () => {
  const place = await Place.made();
  const { policies } = place.store;
  expect(await policies.set(set('/work', [rule('ls')], 0))).toMatchObject({ revision: 1 });
  expect(await policies.set(set(null, [rule('pwd')]))).toMatchObject({ directory: null });
  expect(await policies.set(set('/work', [], 1))).toMatchObject({ revision: 2, rules: [] });
  await place.reopen();
  expect(await place.store.policies.list()).toMatchObject([
    { directory: null, rules: [rule('pwd')], revision: 1, changedBy: 'ada' },
    { directory: '/work', rules: [], revision: 2 },
  ]);
  const late = place.store.policies.set(set('/work', [rule('rm')], 1));
  await expect(late).rejects.toMatchObject({
    refusal: { code: 'conflict', field: 'revision', data: { revision: 2 } },
  });
});

test('A4: rules of a decision are stored with its entry, before those that are there, each once', async () => {
  const { store } = await Place.made();
  await store.policies.set(set('/work', [rule('ls'), rule('pwd')]));
  await append(store, batch('s', [approval('a1'), approval('a2')], first));
  const rules = [{ directory: '/work', rules: [rule('make'), rule('pwd')], by: 'bob' }];
  expect(await append(store, batch('s', [decision('d1', 'a1')], { rules }))).toMatchObject({
    status: 'stored',
  });
  const [row] = await store.policies.list();
  expect(row).toMatchObject({ revision: 2, changedBy: 'bob' });
  expect(row!.rules).toEqual([rule('make'), rule('pwd'), rule('ls')]);
  // Said again, the same entry changes nothing.
  expect(await append(store, batch('s', [decision('d1', 'a1')], { rules }))).toMatchObject({
    status: 'duplicate',
  });
  expect((await store.policies.list())[0]).toMatchObject({ revision: 2 });
});

test('A4 L4: rules that do not fit refuse the decision, and nothing else that is stored with it', async () => {
  const { store } = await Place.made();
  await store.policies.set(set('/work', numbered(limits.policyRules)));
  for (const session of ['s', 't']) {
    await append(store, batch(session, [approval(`${session}1`)], first));
  }
  const rules = [{ directory: '/work', rules: [rule('make')], by: 'bob' }];
  const verdicts = await store.append([
    batch('s', [decision('d1', 's1')], { rules }),
    batch('t', [decision('d2', 't1')]),
  ]);
  expect(verdicts).toMatchObject([
    { status: 'refused', refusal: { code: 'too_large', field: 'rules' } },
    { status: 'stored', lastSeq: 2 },
  ]);
  expect(await historyOf(store, 's')).toHaveLength(1);
  expect((await store.openApprovals({ limit: 10 })).map(({ session }) => session)).toEqual(['s']);
  expect(await append(store, batch('s', [decision('d1', 's1')]))).toMatchObject({ lastSeq: 2 });
  expect((await store.policies.list())[0]).toMatchObject({ revision: 1 });
});

test('A1: the decision about a question is found by it, however long ago it was', async () => {
  const { store } = await Place.made();
  await append(store, batch('s', [approval('a1'), decision('d1', 'a1'), approval('a2')], first));
  await append(store, batch('t', [approval('a1')], first));
  expect(await store.decisionOf('s', 'a1')).toMatchObject({ id: 'd1', about: 'a1', seq: 2 });
  for (const [session, approvalId] of [
    ['s', 'a2'],
    ['t', 'a1'],
    ['s', 'nothing'],
    ['nobody', 'a1'],
  ] as const) {
    expect(await store.decisionOf(session, approvalId)).toBeUndefined();
  }
});
