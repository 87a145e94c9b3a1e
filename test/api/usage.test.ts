import { expect, test } from 'vitest';
import { tokens, usage } from '../store/reports.ts';
import { batch, first, state } from '../store/sample.ts';
import { rowNamed } from './fake-engine.ts';
import { type Harness, useHarness } from './harness.ts';

/** Each reports a power of two, so that a sum says what is in it. */
const parents = { top: null, own: 'top', child: 'own', grandchild: 'child', other: null } as const;
const names = Object.keys(parents) as (keyof typeof parents)[];
const inputOf = (name: (typeof names)[number]): number => 2 ** names.indexOf(name);
const sumOf = (...of: (typeof names)[number][]): number =>
  of.reduce((sum, name) => sum + inputOf(name), 0);

async function useTree(): Promise<Harness> {
  const harness = await useHarness();
  for (const name of names) {
    const parent = parents[name];
    const row = rowNamed(name, { parent });
    harness.engine.rows.set(name, row);
    const report = { key: 'k', model: 'big', tokens: tokens(inputOf(name)) };
    const stored = state({ parent, row: JSON.stringify(row) });
    await harness.store.append([
      batch(name, [usage(`u-${name}`, report)], { ...first, state: stored }),
    ]);
  }
  return harness;
}

test('S1: a token that is bound to sessions sums up those, one from inside a host also their children', async () => {
  const harness = await useTree();
  const bound = await harness.token(['view'], { sessions: ['own', 'other'] });
  const inside = await harness.token(['inside'], { sessions: ['own'] });
  const ask = async (token: string, input: object) => {
    const { status, json } = await harness.call('usage.summary', input, { token });
    return status === 200 ? json.total.tokens.input : json.error.code;
  };
  expect(await ask(harness.admin, {})).toBe(sumOf(...names));
  expect(await ask(bound.secret, {})).toBe(sumOf('own', 'other'));
  expect(await ask(inside.secret, {})).toBe(sumOf('own', 'child', 'grandchild'));
  const family = { session: 'own', withChildren: true };
  expect(await ask(harness.admin, family)).toBe(sumOf('own', 'child', 'grandchild'));
  expect(await ask(harness.admin, { session: 'own' })).toBe(sumOf('own'));
  // What descends from a session is not of the token that was bound to that one alone.
  expect(await ask(bound.secret, family)).toBe(sumOf('own'));
  expect(await ask(inside.secret, family)).toBe(sumOf('own', 'child', 'grandchild'));
  const child = { session: 'child', withChildren: true };
  expect(await ask(inside.secret, child)).toBe(sumOf('child', 'grandchild'));
  for (const [token, session] of [
    [bound.secret, 'child'],
    [inside.secret, 'top'],
    [inside.secret, 'other'],
    [harness.admin, 'nowhere'],
  ] as const) {
    expect(await ask(token, { session, withChildren: true })).toBe('not_found');
  }
});

test('a summary says what each row is grouped by, and pages to its end', async () => {
  const harness = await useTree();
  const ask = async (input: object) => (await harness.call('usage.summary', input)).json;
  const sum = { tokens: tokens(sumOf(...names)), cost: [], runs: 0, reports: names.length };
  const day = { day: '2026-01-01', ...sum };
  expect(await ask({})).toEqual({ rows: [day], total: sum, next: null });
  expect((await ask({ by: ['model', 'agent', 'directory'] })).rows).toEqual([
    { model: 'big', agent: 'scripted', directory: '/work', ...sum },
  ]);
  const seen: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await ask({ by: ['session'], limit: 2, cursor });
    expect(page.total).toEqual(sum);
    for (const { session, title } of page.rows) {
      expect(title).toBeNull();
      seen.push(session);
    }
    if (page.next === null) break;
    cursor = page.next;
  }
  expect(seen).toEqual(names.toReversed());
});

test('S5: what cannot be summed up is refused with the field that is to be changed', async () => {
  const harness = await useTree();
  for (const [field, input] of [
    ['by', { by: [] }],
    ['by', { by: ['day', 'day'] }],
    ['by', { by: ['session', 'agent', 'model', 'day'] }],
    ['by', { by: ['currency'] }],
    ['since', { since: 'yesterday' }],
    ['until', { until: '2026-02-30' }],
    ['withChildren', { withChildren: true }],
    ['cursor', { cursor: 'x' }],
    ['limit', { limit: 0 }],
  ] as const) {
    const { status, json } = await harness.call('usage.summary', input);
    expect([input, status]).toEqual([input, 400]);
    expect([input, json.error.field.split('.')[0]]).toEqual([input, field]);
  }
});
