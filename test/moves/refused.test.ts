import { mkdir, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { operationNames, operations } from '../../src/protocol/operations.ts';
import { Closing, Machine, nameOf, refusalOf } from './machine.ts';
import { WireTap } from './wire-tap.ts';

let a: Machine;
let b: Machine;
let tap: WireTap;
beforeAll(async () => {
  const closing = new Closing();
  [a, b] = await Promise.all([Machine.open(closing.add), Machine.open(closing.add)]);
  tap = await WireTap.open(b.url);
  closing.add(() => tap.close());
  return closing.all;
}, 60_000);

const begin = (session: string, more: object = {}) =>
  a.client.moves.begin({ session, to: { url: tap.url, token: b.token }, cwd: b.cwd, ...more });

async function done(machine: Machine, session: string): Promise<void> {
  const { phase, error } = await machine.move(session, ({ endedAt }) => endedAt !== null);
  expect({ phase, error }).toEqual({ phase: 'done', error: null });
}

async function told(): Promise<string> {
  const session = await a.session();
  await a.run(session, '[[say one]]');
  return session;
}

describe('while its log is on its way', () => {
  test('M2 M3: a session takes nothing on either side, can stay, and goes on from what is there', async () => {
    const session = await told();
    const lost = tap.hold({ operation: 'sessions.import', when: 'after' });
    await begin(session);
    await lost;
    expect(await a.refuses(session)).toMatchObject({ code: 'busy', field: 'session' });
    expect(await b.refuses(session)).toMatchObject({ code: 'busy', field: 'session' });
    expect(await refusalOf(begin(session))).toMatchObject({ code: 'busy' });
    const changes = [
      b.client.sessions.patch({ session, title: 'mine' }),
      b.client.sessions.delete({ session }),
      b.client.sessions.takeOver({ session, writer: 'external' }),
      b.client.sessions.append({ session, entries: [{ raw: 1 }] }),
      a.client.sessions.delete({ session }),
    ];
    for (const { code } of await Promise.all(changes.map(refusalOf))) {
      expect(code).toMatch(/^(?:busy|fenced)$/);
    }
    const cancelled = a.client.moves.cancel({ session });
    tap.lose();
    expect((await cancelled).move).toMatchObject({ phase: 'cancelled' });
    await a.run(session, '[[say here]]');
    // What came of it is there, and is nobody's.
    expect((await b.refuses(session))?.code).toMatch(/^(?:busy|fenced)$/);
    await begin(session);
    const { entries } = await a.move(session, ({ endedAt }) => endedAt !== null);
    const all = await a.log(session);
    expect(entries.total).toBeLessThan(all.length - 1);
    await done(a, session);
    expect((await b.log(session)).slice(0, all.length).map(nameOf)).toEqual(all.map(nameOf));
    expect(await b.refuses(session)).toBeNull();
  });

  test('M3: what came of a move that was cancelled can be deleted', async () => {
    const session = await told();
    const lost = tap.hold({ operation: 'sessions.import', when: 'after' });
    await begin(session);
    await lost;
    const cancelled = a.client.moves.cancel({ session });
    tap.lose();
    await cancelled;
    expect(await b.client.moves.list({})).toMatchObject({
      arrivals: [{ session, withdrawn: true }],
    });
    expect(await b.client.sessions.delete({ session, purge: true })).toMatchObject({
      purged: true,
    });
    expect(await a.refuses(session)).toBeNull();
  });

  test('M2: a daemon that ends in the middle of it goes on with the session itself', async () => {
    const session = await told();
    const lost = tap.hold({ operation: 'sessions.import', when: 'before' });
    await begin(session);
    await lost;
    await a.restart();
    tap.lose();
    await a.settled(session);
    const { moves } = await a.client.moves.list({ session });
    expect(moves).toMatchObject([{ phase: 'failed', error: { code: 'unavailable' } }]);
    expect(await a.refuses(session)).toBeNull();
  });
});

describe('a session that has moved', () => {
  test('M1: moves on to a third daemon and comes home, and only what is new is sent', async () => {
    const c = await Machine.open();
    const session = await told();
    await begin(session);
    await done(a, session);
    await b.run(session, '[[say there]]');
    const onward = { url: c.url, token: c.token };
    await b.client.moves.begin({ session, to: onward, cwd: c.cwd });
    await done(b, session);
    await c.run(session, '[[say further]]');
    const before = await c.log(session);
    const known = (await a.log(session)).length;
    await c.client.moves.begin({ session, to: { url: a.url, token: a.token }, cwd: a.cwd });
    await done(c, session);
    const { entries } = await c.move(session, () => true);
    // All but the entry that gives it up, which proves it.
    expect(entries.total).toBe((await c.log(session)).length - 1 - known);
    const home = await a.log(session);
    expect(home.slice(0, before.length).map(nameOf)).toEqual(before.map(nameOf));
    const refusals = await Promise.all([a, b, c].map((machine) => machine.refuses(session)));
    expect(refusals.map((refusal) => refusal?.code)).toEqual([undefined, 'fenced', 'fenced']);
    expect((await a.client.sessions.get({ session })).session.writer.epoch).toBe(10);
  }, 60_000);

  test('M2: is told to its new place again where that has another address by now', async () => {
    const session = await told();
    const lost = tap.hold({ operation: 'moves.activate', when: 'before' });
    await begin(session);
    await lost;
    expect(await refusalOf(a.client.moves.cancel({ session }))).toMatchObject({
      code: 'conflict',
      data: { to: { url: tap.url } },
    });
    expect(await refusalOf(a.client.sessions.delete({ session }))).toMatchObject({ code: 'busy' });
    await a.client.moves.begin({ session, to: { url: b.url, token: b.token }, cwd: b.cwd });
    await done(a, session);
    tap.lose();
    expect(await b.refuses(session)).toBeNull();
    expect((await a.refuses(session))?.code).toBe('fenced');
  });

  test('M2: goes nowhere else than where it has gone', async () => {
    const c = await Machine.open();
    const session = await told();
    await begin(session);
    await done(a, session);
    const elsewhere = a.client.moves.begin({
      session,
      to: { url: c.url, token: c.token },
      cwd: c.cwd,
    });
    expect(await refusalOf(elsewhere)).toMatchObject({ code: 'fenced', field: 'to' });
    expect((await c.refuses(session))?.code).toBe('not_found');
    expect(await c.client.moves.list({})).toMatchObject({ arrivals: [] });
  }, 60_000);
});

test('M2: of two moves to two daemons at once one is begun', async () => {
  const c = await Machine.open();
  const session = await told();
  const both = await Promise.allSettled([
    begin(session),
    a.client.moves.begin({ session, to: { url: c.url, token: c.token }, cwd: c.cwd }),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  await done(a, session);
  const refusals = await Promise.all([a, b, c].map((machine) => machine.refuses(session)));
  expect(refusals.filter((refusal) => refusal === null)).toHaveLength(1);
}, 60_000);

test('M3: a copy whose log goes on otherwise is not written over, and the session stays', async () => {
  const session = await told();
  const file = await a.client.sessions.export({ session });
  await b.client.sessions.import(file);
  await b.client.sessions.patch({ session, title: 'its own' });
  const there = await b.log(session);
  await a.run(session, '[[say more]] [[say than]] [[say there]]');
  expect(await refusalOf(begin(session))).toMatchObject({ code: 'conflict', field: 'to' });
  expect((await b.log(session)).map(nameOf)).toEqual(there.map(nameOf));
  await a.run(session, '[[say here]]');
  await b.client.sessions.patch({ session, title: 'still its own' });
});

test('M1 M3: what does not go along is told, and no token stands in any file or answer', async () => {
  const session = await a.session({ env: { KEY: 'never-to-be-seen' } });
  await begin(session);
  const move = await a.move(session, ({ endedAt }) => endedAt !== null);
  expect(move.stays.secrets).toEqual(['env/KEY']);
  const all = JSON.stringify([move, await a.log(session), await b.log(session)]);
  for (const secret of ['never-to-be-seen', a.token, b.token]) expect(all).not.toContain(secret);
});

test('M3 S1: a ticket brings its session and nothing else', async () => {
  const session = await told();
  const { ticket } = await b.client.moves.offer({
    session,
    agent: 'scripted',
    key: null,
    cwd: b.cwd,
    server: 'another',
    lastSeq: 100,
    stateVersion: 1,
  });
  const holder = createClient({ url: b.url, token: ticket });
  const answers = operationNames.filter((name) => operations[name].shape === 'unary');
  for (const name of answers) {
    if (name === 'server.health' || name === 'moves.activate' || name === 'moves.withdraw')
      continue;
    const refused = await refusalOf(holder.call(name as 'server.info'));
    expect([name, refused.code]).toEqual([name, 'forbidden']);
  }
  const other = await told();
  const foreign = await a.client.sessions.export({ session: other });
  expect(await refusalOf(holder.sessions.import(foreign))).toMatchObject({ code: 'forbidden' });
  const withdrawn = holder.moves.withdraw({ session: other });
  expect(await refusalOf(withdrawn)).toMatchObject({ code: 'forbidden' });
  // Its log is not given up to this daemon: it comes in, and nobody writes it.
  const file = await a.client.sessions.export({ session });
  expect(await refusalOf(holder.sessions.import(file))).toMatchObject({ code: 'invalid' });
  expect(await b.refuses(session)).toMatchObject({ code: 'busy' });
  const last = (await a.log(session)).at(-1)!;
  expect(await refusalOf(holder.moves.activate({ session, moved: last }))).toMatchObject({
    code: 'conflict',
  });
  holder.close();
});

test('M3: where the directory has gone meanwhile the session waits for another one', async () => {
  const session = await told();
  const lost = tap.hold({ operation: 'moves.activate', when: 'before' });
  const cwd = `${b.home}/gone`;
  await mkdir(cwd);
  await begin(session, { cwd });
  await lost;
  await rm(cwd, { recursive: true });
  tap.lose();
  const { phase, error } = await a.move(session, ({ endedAt }) => endedAt !== null);
  expect({ phase, code: error?.code }).toEqual({ phase: 'failed', code: 'invalid' });
  expect((await b.refuses(session))?.code).toBe('busy');
  await begin(session);
  await done(a, session);
  expect(await b.refuses(session)).toBeNull();
});

test('M1: the log of a session that has moved is not brought on by an import, however long it is; it is removed for good or kept', async () => {
  const [a, b] = [await Machine.open(), await Machine.open()];
  const session = await a.session();
  const entries = Array.from({ length: 200 }, (_, at) => ({ id: `e${at}`, raw: { at } }));
  await a.client.sessions.append({ session, entries });
  const to = { url: b.url, token: b.token };
  await a.client.moves.begin({ session, to, cwd: b.cwd });
  await a.move(session, ({ endedAt }) => endedAt !== null);
  const before = await a.log(session);

  const file = await b.client.sessions.export({ session });
  expect(await refusalOf(a.client.sessions.import(file))).toMatchObject({ code: 'fenced' });
  expect(await refusalOf(a.client.sessions.delete({ session }))).toMatchObject({ code: 'fenced' });
  expect(await a.log(session)).toEqual(before);
  expect(await a.refuses(session)).toMatchObject({ code: 'fenced' });
  expect(await a.client.sessions.delete({ session, purge: true })).toMatchObject({ purged: true });
  expect(await b.refuses(session)).toBeNull();
});
