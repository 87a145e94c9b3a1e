import { expect, test } from 'vitest';
import type { CreateInput } from '../../src/engine/engine.ts';
import { refuse } from '../../src/domain/refusal.ts';
import type { SessionRow } from '../../src/domain/row.ts';
import { approval, batch, first, message, runStarted, state } from '../store/sample.ts';
import { EventReader } from './event-reader.ts';
import { rowNamed } from './fake-engine.ts';
import { type Ask, type Harness, useHarness } from './harness.ts';

/**
 *   top ── own ── child ── grandchild        (the token's session is `own`)
 *       └─ sibling
 *   other
 */
const parents = {
  top: null,
  own: 'top',
  child: 'own',
  grandchild: 'child',
  sibling: 'top',
  other: null,
} as const;
const mine = ['own', 'child', 'grandchild'];
const foreign = ['top', 'sibling', 'other'];

async function store(harness: Harness, row: SessionRow): Promise<void> {
  const { id, parent } = row;
  const entries = [
    runStarted(`r-${id}`, `run-${id}`),
    message(`m-${id}`, null),
    approval(`a-${id}`),
  ];
  const stored = state({ parent, createdAt: row.createdAt, row: JSON.stringify(row) });
  await harness.store.append([batch(id, entries, { ...first, state: stored })]);
}

/** A daemon's faces with that tree, and a token from inside `own`. */
async function useTree(rows: Partial<Record<string, Partial<SessionRow>>> = {}) {
  const harness = await useHarness();
  for (const [id, parent] of Object.entries(parents)) {
    const row = rowNamed(id, { parent, ...rows[id] });
    harness.engine.rows.set(id, row);
    await store(harness, row);
  }
  const { secret, id } = await harness.token(['inside'], { sessions: ['own'] });
  const call = (name: string, given: object = {}, more: Ask = {}) =>
    harness.call(name, given, { token: secret, ...more });
  return { harness, secret, id, call };
}

const ids = (rows: { id: string }[]) => rows.map(({ id }) => id).toSorted();
const created = ({ engine }: Harness) =>
  engine.asked.filter(({ what }) => what === 'create').map(({ input }) => input as CreateInput);

test('S1: from inside a session its own and all that descend from it are listed, and nothing else', async () => {
  const { call, harness } = await useTree();
  expect(ids((await call('sessions.list')).json.sessions)).toEqual(mine.toSorted());
  expect(ids((await call('sessions.list', { parent: 'own' })).json.sessions)).toEqual(['child']);
  expect(ids((await call('runs.list')).json.runs)).toEqual(
    mine.map((id) => `run-${id}`).toSorted(),
  );
  const { approvals } = (await call('approvals.list')).json;
  expect(approvals.map(({ session }: { session: string }) => session).toSorted()).toEqual(
    mine.toSorted(),
  );
  harness.engine.started.setAside = [...mine, ...foreign].map((session) => ({
    session,
    reason: '',
  }));
  const { setAside } = (await call('server.info')).json.start;
  expect(setAside.map(({ session }: { session: string }) => session)).toEqual(mine);
});

test('S1: from inside a session any other is not found, in the words for one that is not there', async () => {
  const { call, harness, secret } = await useTree();
  const operations = [
    ['sessions.get', {}],
    ['sessions.history', {}],
    ['sessions.send', { content: 'x' }],
    ['sessions.abort', {}],
    ['approvals.list', {}],
    ['runs.list', {}],
    ['sessions.list', {}],
    ['sessions.create', {}],
  ] as const;
  for (const [name, more] of operations) {
    const field = ['sessions.list', 'sessions.create'].includes(name) ? 'parent' : 'session';
    const ask = (session: string) => call(name, { [field]: session, ...more });
    const missing = await ask('nowhere');
    for (const session of foreign) {
      const { status, text } = await ask(session);
      expect([name, session, status]).toEqual([name, session, 404]);
      expect(text.replaceAll(session, 'nowhere')).toBe(missing.text);
    }
    for (const session of mine) expect([name, (await ask(session)).status]).toEqual([name, 200]);
  }
  for (const name of foreign) expect((await call('sessions.resolve', { name })).status).toBe(404);
  for (const name of mine) expect((await call('sessions.resolve', { name })).status).toBe(200);
  const socket = await harness.socket(secret);
  for (const session of [...foreign, ...mine]) {
    const { error } = await socket.request('feeds.open', { session });
    expect([session, error?.data.code]).toEqual([
      session,
      mine.includes(session) ? undefined : 'not_found',
    ]);
  }
});

test('S1: a session that is made later is seen from inside its parent at once, also in an open list', async () => {
  const { call, harness, secret } = await useTree();
  const socket = await harness.socket(secret);
  await socket.request('feeds.open', { sessions: {} });
  await EventReader.open(harness, '/v1/events', { token: secret });
  for (const { options } of harness.engine.open) {
    expect([...((options as { family?: Set<string> }).family ?? [])].toSorted()).toEqual(
      mine.toSorted(),
    );
  }
  for (const [id, parent] of Object.entries({ late: 'grandchild', alien: 'sibling' })) {
    harness.engine.rows.set(id, rowNamed(id, { parent }));
    await store(harness, rowNamed(id, { parent }));
  }
  expect((await call('sessions.get', { session: 'late' })).status).toBe(200);
  expect((await call('sessions.get', { session: 'alien' })).status).toBe(404);
});

test('S1: a session made from inside another is its child, with its agent, and says who made it', async () => {
  const { call, harness, id } = await useTree({ own: { agent: 'claude' } });
  expect((await call('sessions.create', { title: 'A' })).status).toBe(200);
  expect((await call('sessions.create', { parent: 'child' })).status).toBe(200);
  expect((await call('sessions.create', { key: 'agent:other:x' })).status).toBe(200);
  expect(created(harness).map(({ changes }) => changes)).toEqual([
    { title: 'A', parent: 'own', agent: 'claude' },
    { parent: 'child', agent: 'scripted' },
    { key: 'agent:other:x', parent: 'own', agent: 'other' },
  ]);
  expect(harness.engine.asked[0]?.by).toMatchObject({ type: 'client', token: id });
});

test('S1: a session made from inside another is guarded as its parent is', async () => {
  const { call, harness } = await useTree({ own: { mode: 'plan' } });
  const refusal = async (given: object) => {
    const { status, json } = await call('sessions.create', given);
    return status === 200 ? null : [json.error.code, json.error.field];
  };
  expect(await refusal({ mode: 'auto' })).toEqual(['forbidden', 'mode']);
  expect(await refusal({ agent: 'claude' })).toEqual(['forbidden', 'agent']);
  expect(await refusal({ key: 'agent:claude:x' })).toEqual(['forbidden', 'agent']);
  expect(await refusal({ parent: 'child', mode: 'auto' })).toEqual(['forbidden', 'mode']);
  expect(created(harness)).toEqual([]);
  expect(await refusal({})).toBeNull();
  expect(await refusal({ mode: 'plan' })).toBeNull();
  expect(await refusal({ parent: 'child', agent: 'claude' })).toBeNull();
  expect(created(harness).map(({ changes }) => changes.mode)).toEqual(['plan', 'plan', undefined]);
});

test('S1: what is withheld from a session is withheld from those made inside it', async () => {
  const { call, harness } = await useTree();
  harness.engine.tools = { deny: ['Bash'] };
  const made = async (given: object) => {
    const { status, json } = await call('sessions.create', given);
    return status === 200 ? created(harness).at(-1)!.changes.tools : json.error.field;
  };
  expect(await made({})).toEqual({ deny: ['Bash'] });
  expect(await made({ tools: { deny: ['Bash'] } })).toEqual({ deny: ['Bash'] });
  expect(await made({ tools: null })).toBe('tools');
  expect(await made({ tools: { deny: [] } })).toBe('tools');
  expect(await made({ agent: 'claude' })).toBe('agent');
});

test('S1: that an id or key is taken tells nothing of a session outside', async () => {
  const { call, harness } = await useTree();
  const taken = (session: string) => {
    const data = { session, agent: 'scripted', cwd: '/secret' };
    harness.engine.failure = refuse('conflict', 'That session exists.', { field: 'key', data });
    return call('sessions.create', { key: 'agent:scripted:x' });
  };
  const { status, text, json } = await taken('other');
  expect([status, json.error.field]).toEqual([409, 'key']);
  expect(text).not.toMatch(/secret|other/);
  expect((await taken('child')).json.error.data.session).toBe('child');
});

test('S1: nothing inside a session decides or administers, and a token of no session has no place for children', async () => {
  const { call, harness } = await useTree();
  for (const [name, given] of [
    ['approvals.decide', { session: 'own', approval: 'a-own', verdict: 'allow' }],
    ['approvals.decide', { session: 'child', approval: 'a-child', verdict: 'allow' }],
    ['tokens.create', { name: 'more', scopes: ['admin'] }],
    ['server.shutdown', {}],
  ] as const) {
    const { status, json } = await call(name, given);
    expect([name, status, json.error.code]).toEqual([name, 403, 'forbidden']);
  }
  for (const sessions of [null, ['own', 'other']]) {
    const { secret: token } = await harness.token(['inside'], { sessions });
    const { status, json } = await harness.call('sessions.create', {}, { token });
    expect([status, json.error.field]).toEqual([400, 'parent']);
    expect((await harness.call('sessions.create', { parent: 'own' }, { token })).status).toBe(200);
  }
});
