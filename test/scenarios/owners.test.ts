import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Http } from './http.ts';
import { faultsOf } from './judge.ts';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { refusal } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

describe('sessions.takeOver', () => {
  const takeOver = (session: string, writer: string, more: object = {}) =>
    place.http.call('sessions.takeOver', { session, writer, ...more });

  test('L4: hands a session to somebody outside and takes it back, with the next epoch each time', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say before]]');
    const away = await takeOver(session, 'external');
    expect(away.session.writer).toEqual({ state: 'external', epoch: 2, to: null });
    expect([away.memory, away.reason]).toEqual([null, null]);
    const busy = await refusal(place.http.call('sessions.send', { session, content: 'x' }));
    expect(busy).toMatchObject({ code: 'busy', field: 'session' });
    const back = await takeOver(session, 'host', { epoch: 2 });
    expect(back.session.writer).toEqual({ state: 'host', epoch: 3, to: null });
    expect(['exact', 'primed']).toContain(back.memory);
    await place.run(session, '[[say after]]');
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    const owners = log.filter(({ kind }) => kind === 'owner').map(({ data }) => data['state']);
    expect(owners).toEqual(['external', 'host']);
    expect((await place.http.call('sessions.get', { session })).session.lastMessage).toBe('after');
  });

  test('L4: is refused while a run is open or a question waits', async () => {
    const { id: session } = await place.session();
    await place.http.call('sessions.send', { session, content: '[[ask run ls]]' });
    await place.watcher.until('a question', session, ({ openApprovals }) => openApprovals > 0);
    expect(await refusal(takeOver(session, 'external'))).toMatchObject({ code: 'busy' });
    await place.http.call('sessions.abort', { session, wait: true });
    expect((await takeOver(session, 'external')).session.writer.epoch).toBe(2);
  });

  test('L4: of many at once that have seen the same writer one is the next', async () => {
    const { id: session } = await place.session();
    for (const epoch of [1, 2, 3]) {
      const inputs = Array.from({ length: 8 }, () => ({ session, writer: 'external', epoch }));
      const { answers, codes } = sorted(await race(place, 'sessions.takeOver', inputs));
      expect(answers.map(({ session: row }) => row.writer.epoch)).toEqual([epoch + 1]);
      expect(codes).toEqual(Array(7).fill('conflict'));
    }
    expect(faultsOf(await place.log(session))).toEqual([]);
  });

  test('L4 S1: a token for the session alone is fenced by it, and does not take it back', async () => {
    const { id: session } = await place.session();
    const made = await place.http.call('tokens.create', {
      name: newId(),
      scopes: ['manage'],
      sessions: [session],
    });
    const writer = new Http(place.daemon.url, made.secret);
    const append = () => writer.call('sessions.append', { session, entries: [{ raw: 1 }] });
    expect((await append()).lastSeq).toBe(2);
    await takeOver(session, 'external');
    await takeOver(session, 'host');
    expect(await refusal(append())).toMatchObject({ code: 'fenced', data: { epoch: 3 } });
    const again = writer.call('sessions.takeOver', { session, writer: 'external' });
    expect(await refusal(again)).toMatchObject({ code: 'conflict', data: { epoch: 3 } });
    writer.close();
  });

  testRefusals(() => place, 'sessions.takeOver', [
    ['an unknown session', { session: 'nobody', writer: 'external' }, 'not_found', 'session'],
    ['a writer that is none', { session: 'a', writer: 'me' }, 'invalid', 'writer'],
    [
      'a directory of somebody outside',
      async (all) => ({ session: (await all.session()).id, writer: 'external', cwd: all.cwd }),
      'invalid',
      'cwd',
    ],
    [
      'agents that write it already',
      async (all) => ({ session: (await all.session()).id, writer: 'host' }),
      'conflict',
      'writer',
    ],
    [
      'another epoch',
      async (all) => ({ session: (await all.session()).id, writer: 'external', epoch: 7 }),
      'conflict',
    ],
    [
      'a directory that is not there',
      async (all) => {
        const { id: session } = await all.session();
        await all.http.call('sessions.takeOver', { session, writer: 'external' });
        return { session, writer: 'host', cwd: `${all.cwd}/nowhere` };
      },
      'invalid',
      'cwd',
    ],
  ]);
});
