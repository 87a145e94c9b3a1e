import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Http } from './http.ts';
import { differences, faultsOf } from './judge.ts';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Answers, type Fields, refusal } from './wire.ts';

let place: Place;
let other: Place;
beforeAll(async () => {
  place = await Place.open();
  other = await Place.open();
});
afterAll(async () => {
  await place.close();
  await other.close();
});

type Move = Answers['moves.begin']['move'];

const toOther = (): Fields => ({ url: other.daemon.url, token: other.daemon.token });

async function ended(session: string): Promise<Move> {
  for (;;) {
    const { moves } = await place.http.call('moves.list', { session });
    if (moves[0] !== undefined && moves[0].endedAt !== null) return moves[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function moved(more: Fields = {}): Promise<string> {
  const { id: session } = await place.session(more);
  await place.http.call('moves.begin', { session, to: toOther(), cwd: other.cwd });
  expect(await ended(session)).toMatchObject({ phase: 'done', error: null });
  return session;
}

/** What another daemon says of a session when it offers it. */
const offered = (more: Fields = {}): Fields => ({
  session: newId(),
  agent: 'scripted',
  key: null,
  cwd: other.cwd,
  server: 'elsewhere',
  lastSeq: 3,
  stateVersion: 1,
  ...more,
});

describe('moves.begin', () => {
  test('M1: a session goes on at the other daemon, and is only read here', async () => {
    const { id: session } = await place.session({ title: 'leaves' });
    await place.run(session, '[[say one]]');
    await place.http.call('moves.begin', { session, to: toOther(), cwd: other.cwd });
    expect(await ended(session)).toMatchObject({ phase: 'done', memory: 'primed' });
    const refused = await refusal(place.http.call('sessions.send', { session, content: 'more' }));
    expect(refused).toMatchObject({ code: 'fenced', data: { to: { url: other.daemon.url } } });
    await other.run(session, '[[say two]]');
    const [here, there] = [await place.log(session), await other.log(session)];
    expect(differences(here, there.slice(0, here.length))).toEqual([]);
    expect(faultsOf(there)).toEqual([]);
    expect((await other.http.call('sessions.get', { session })).session.title).toBe('leaves');
  });

  test('M2: of many at once one begins it, and the others are told so', async () => {
    const { id: session } = await place.session();
    const input = { session, to: toOther(), cwd: other.cwd };
    const all = sorted(await race(place, 'moves.begin', [input, input, input, input]));
    expect(all.answers.length).toBeGreaterThan(0);
    for (const code of all.codes) expect(['busy', 'fenced', 'conflict']).toContain(code);
    expect(await ended(session)).toMatchObject({ phase: 'done' });
    expect(faultsOf(await other.log(session))).toEqual([]);
  });

  const there = { url: 'http://127.0.0.1:1', token: 'tk_there' };
  testRefusals(() => place, 'moves.begin', [
    ['a session that is not there', { session: 'nowhere', to: there }, 'not_found', 'session'],
    [
      'an address that is none',
      { session: 's', to: { ...there, url: 'box' } },
      'invalid',
      'to.url',
    ],
    [
      'another protocol',
      { session: 's', to: { ...there, url: 'file:///etc/passwd' } },
      'invalid',
      'to.url',
    ],
    [
      'an address with a password in it',
      async (at) => ({
        session: (await at.session()).id,
        to: { ...there, url: 'http://me:secret@127.0.0.1:1' },
      }),
      'invalid',
      'to.url',
    ],
    [
      'a daemon that is not there',
      async (at) => ({ session: (await at.session()).id, to: there }),
      'unavailable',
      'to',
    ],
    [
      'a token that is not known there',
      async (at) => ({ session: (await at.session()).id, to: { ...toOther(), token: 'tk_no' } }),
      'forbidden',
      'to',
    ],
    [
      'the daemon itself',
      async (at) => ({
        session: (await at.session()).id,
        to: { url: at.daemon.url, token: at.daemon.token },
      }),
      'conflict',
      'to',
    ],
    [
      'a directory that is not there',
      async (at) => ({
        session: (await at.session()).id,
        to: toOther(),
        cwd: '/nowhere/at/all',
      }),
      'invalid',
      'to',
    ],
    [
      'a session that works',
      async (at) => {
        const { id: session } = await at.session();
        await at.http.call('sessions.send', { session, content: '[[say on]] [[hang]]' });
        return { session, to: toOther(), cwd: other.cwd };
      },
      'busy',
      'session',
    ],
  ]);
});

describe('moves.list', () => {
  test('M1: tells what moved from here and what is expected, also many at once', async () => {
    const session = await moved();
    const all = sorted(await race(place, 'moves.list', [{}, { session }, {}, { session }]));
    for (const { moves } of all.answers) {
      expect(moves.find((move) => move.session === session)).toMatchObject({
        phase: 'done',
        to: { url: other.daemon.url },
        stays: { secrets: [] },
      });
    }
    const input = offered();
    await other.http.call('moves.offer', input);
    const { arrivals } = await other.http.call('moves.list');
    expect(arrivals).toContainEqual(
      expect.objectContaining({ session: input['session'], from: 'elsewhere', withdrawn: false }),
    );
    expect(JSON.stringify(arrivals)).not.toContain('tk_');
  });

  testRefusals(() => place, 'moves.list', [
    ['a session that is not there', { session: 'nowhere' }, 'not_found', 'session'],
  ]);
});

describe('moves.cancel', () => {
  test('M3: lets a session stay, or says that it has moved; of many at once all are told the same', async () => {
    const { id: session } = await place.session();
    await place.http.call('moves.begin', { session, to: toOther(), cwd: other.cwd });
    const inputs = Array<Fields>(4).fill({ session });
    const { answers, codes } = sorted(await race(place, 'moves.cancel', inputs));
    const stays = answers.length > 0;
    if (!stays) for (const code of codes) expect(['conflict', 'not_found']).toContain(code);
    const where = stays ? place : other;
    if (!stays) await ended(session);
    await where.run(session, '[[say here]]');
    expect(faultsOf(await where.log(session))).toEqual([]);
  });

  testRefusals(() => place, 'moves.cancel', [
    ['a session that is not there', { session: 'nowhere' }, 'not_found', 'session'],
    [
      'a session that does not move',
      async (at) => ({ session: (await at.session()).id }),
      'not_found',
      'session',
    ],
  ]);
});

describe('moves.offer', () => {
  test('M3: of many at once the last ticket counts, and none is good for anything else', async () => {
    const input = offered();
    const all = sorted(await race(other, 'moves.offer', [input, input, input]));
    expect(all.codes).toEqual([]);
    for (const { ticket } of all.answers) {
      const holder = new Http(other.daemon.url, ticket);
      const refused = await refusal(holder.call('sessions.list'));
      expect(['forbidden', 'unauthenticated']).toContain(refused.code);
      holder.close();
    }
    const { arrivals } = await other.http.call('moves.list');
    expect(arrivals.filter(({ session }) => session === input['session'])).toHaveLength(1);
  });

  testRefusals(() => place, 'moves.offer', [
    ['an agent that is not there', () => offered({ agent: 'nobody' }), 'invalid', 'agent'],
    ['a directory that is not there', () => offered({ cwd: '/nowhere' }), 'invalid', 'cwd'],
    ['a newer daemon', () => offered({ stateVersion: 1000 }), 'unsupported', 'stateVersion'],
    [
      'a key that is taken',
      async (at) => {
        const key = `agent:scripted:${newId()}`;
        await at.session({ key });
        return offered({ key });
      },
      'conflict',
      'key',
    ],
    [
      'a session that is here and goes on',
      async (at) => {
        const { id: session } = await at.session();
        await at.run(session, '[[say here]]');
        return offered({ session });
      },
      'conflict',
      'session',
    ],
    [
      'a session that was removed for good',
      async (at) => {
        const { id: session } = await at.session();
        await at.http.call('sessions.delete', { session, purge: true });
        return offered({ session });
      },
      'id_reused',
      'session',
    ],
  ]);
});

describe('moves.activate', () => {
  const proof = (more: Fields = {}): Fields => ({
    seq: 4,
    id: 'moved',
    at: '2026-01-01T00:00:00.000Z',
    kind: 'owner',
    by: { type: 'server' },
    data: { state: 'moved', epoch: 3, to: { server: 'me', url: 'http://127.0.0.1:1' } },
    digest: '0'.repeat(64),
    ...more,
  });

  test('M2: the same proof is answered the same, many at once, and changes nothing more', async () => {
    const session = await moved();
    const before = await other.log(session);
    const last = (await place.log(session)).at(-1)!;
    const inputs = Array<Fields>(4).fill({ session, moved: last });
    const { answers, codes } = sorted(await race(other, 'moves.activate', inputs));
    expect(codes).toEqual([]);
    for (const answer of answers) expect(answer.session).toMatchObject({ id: session });
    expect(differences(await other.log(session), before)).toEqual([]);
  });

  testRefusals(() => place, 'moves.activate', [
    ['what is no entry', { session: 's', moved: { seq: 1 } }, 'invalid', 'moved.id'],
    [
      'an entry that does not say what its digest says',
      () => ({ session: 's', moved: proof() }),
      'invalid',
      'moved',
    ],
    [
      'the proof of another session',
      async () => {
        const session = await moved();
        const last = (await place.log(session)).at(-1)!;
        const { id } = await place.session();
        return { session: id, moved: last };
      },
      'conflict',
      'moved',
    ],
  ]);
});

describe('moves.withdraw', () => {
  test('M3: nothing more comes by the ticket; many at once are told the same', async () => {
    const input = offered();
    const { ticket } = await other.http.call('moves.offer', input);
    const inputs = Array<Fields>(3).fill({ session: input['session'] });
    const { codes } = sorted(await race(other, 'moves.withdraw', inputs));
    expect(codes).toEqual([]);
    const holder = new Http(other.daemon.url, ticket);
    const refused = await refusal(holder.call('moves.withdraw', { session: input['session'] }));
    expect(refused.code).toBe('unauthenticated');
    holder.close();
    const { arrivals } = await other.http.call('moves.list');
    expect(arrivals.map(({ session }) => session)).not.toContain(input['session']);
  });

  testRefusals(() => place, 'moves.withdraw', [
    ['an id that is none', { session: '../x' }, 'invalid', 'session'],
  ]);
});
