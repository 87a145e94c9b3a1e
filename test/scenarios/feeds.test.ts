import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EventSource } from './event-source.ts';
import { Follower, Waiting } from './follower.ts';
import { differences, faultsOf } from './judge.ts';
import { newId, Place, textOf } from './place.ts';
import type { Changed } from './socket.ts';
import { type Entry, type Fields, refusal, type Row } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** Changes of the list as a subscriber with a filter gets them. */
class Listed {
  readonly changes: Changed[] = [];
  readonly #waiting = new Waiting();

  static async open(filter: Fields): Promise<Listed> {
    const socket = await place.open();
    const listed = new Listed();
    socket.hear((heard) => {
      if (heard.method !== 'sessions.changed') return;
      listed.changes.push(heard.params);
      listed.#waiting.changed();
    });
    await socket.call('feeds.open', { sessions: filter });
    return listed;
  }

  until(meant: (change: Changed) => boolean): Promise<Changed> {
    return this.#waiting.until('a change of the list', () => this.changes.find(meant));
  }
}

describe('feeds.open', () => {
  test('V1 V2 V4: all who follow, from wherever, on either face, get the same once and in order', async () => {
    const { id: session } = await place.session({ model: 'steady' });
    const early = await place.follow(session);
    const stream = await EventSource.open(place.http, `/v1/sessions/${session}/events?after=0`);
    await place.run(session, '[[say one two three]] [[write a.txt|x]]');
    const middle = early.entries.length;
    const sent = place.http.call('sessions.send', { session, content: '[[long 1500]]' });
    await early.untilText();
    const late = await place.follow(session, middle);
    const all = await place.follow(session);
    await sent;
    await place.watcher.rest(session);
    const log = await place.log(session);
    for (const follower of [early, all]) {
      await follower.upTo(log.length);
      expect(differences(log, follower.entries)).toEqual([]);
    }
    await late.upTo(log.length);
    expect(differences(log.slice(middle), late.entries)).toEqual([]);
    await stream.until(({ id }) => id === String(log.length));
    const streamed = stream.events.filter(({ event }) => event === 'entry');
    expect(streamed.map(({ id }) => id)).toEqual(log.map(({ seq }) => String(seq)));
    const message = log.findLast(({ kind }) => kind === 'message')!;
    expect(early.texts.get(message.id)).toBe(textOf(message));
    stream.close();
  });

  test('V1: a reader that comes back by Last-Event-ID, also to the next daemon, misses nothing', async () => {
    const { id: session } = await place.session({ model: 'steady' });
    const url = `/v1/sessions/${session}/events?after=0&partials=0`;
    const seen: Entry[] = [];
    let last = '';
    const sent = await place.http.call('sessions.send', {
      session,
      content: '[[long 1000]] [[say a]]',
    });
    for (let visit = 0; visit < 4; visit++) {
      const stream = await EventSource.open(place.http, url, last);
      const got = await stream.until(({ event, id }) => event === 'entry' && id !== last);
      stream.close();
      for (const { event, id, data } of stream.events.slice(0, stream.events.indexOf(got) + 1)) {
        if (event !== 'entry') continue;
        seen.push((JSON.parse(data) as { entry: Entry }).entry);
        last = id!;
      }
      if (visit === 1) await place.restart();
    }
    await place.watcher.rest(session);
    const log = await place.log(session);
    const stream = await EventSource.open(place.http, url, last);
    if (last !== String(log.length)) await stream.until(({ id }) => id === String(log.length));
    stream.close();
    for (const { event, data } of stream.events) {
      if (event === 'entry') seen.push((JSON.parse(data) as { entry: Entry }).entry);
    }
    expect(seen).toEqual(log);
    expect(faultsOf(log)).toEqual([]);
    expect(log.find(({ kind }) => kind === 'run_ended')?.runId).toBe(sent.run);
  });

  test('V1 V4 R7: a WebSocket reader goes on over kills of the daemon in the middle of a text', async () => {
    const { id: session } = await place.session({ model: 'steady' });
    const content = '[[long 3000]] [[say done]]';
    const sent = await place.http.call('sessions.send', { session, content });
    const seen: Entry[] = [];
    const texts = new Map<string, string>();
    for (let kill = 0; kill < 3; kill++) {
      const follower = await Follower.open(await place.open(), session, seen.at(-1)?.seq ?? 0);
      await follower.untilText();
      await place.daemon.kill();
      for (const [entry, text] of follower.texts) texts.set(entry, text);
      seen.push(...follower.entries);
      follower.stop();
      await place.restarted();
    }
    const follower = await place.follow(session, seen.at(-1)?.seq ?? 0);
    await follower.ended(sent.run);
    seen.push(...follower.entries);
    await place.watcher.rest(session);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(differences(log.slice(0, seen.length), seen)).toEqual([]);
    for (const [entry, text] of texts) {
      const stored = log.find(({ id }) => id === entry);
      expect(stored === undefined ? '' : textOf(stored).slice(0, text.length)).toBe(text);
    }
    const outcomes = log.flatMap(({ kind, data }) =>
      kind === 'run_ended' ? [data['outcome']] : [],
    );
    expect(outcomes).toEqual(['completed']);
  });

  test('V5: the list tells each filter what passes it, and what passes it no longer', async () => {
    const cwd = path.join(place.home, 'filtered');
    await mkdir(cwd);
    const { id: parent } = await place.session();
    const filters = {
      all: {},
      cwd: { cwd },
      label: { label: 'mine' },
      meta: { meta: { chat: '7' } },
      parent: { parent },
      working: { status: ['working', 'starting'] },
      archived: { archived: true },
      other: { agent: 'claude' },
    };
    const heard = Object.fromEntries(
      await Promise.all(
        Object.entries(filters).map(async ([name, filter]) => [name, await Listed.open(filter)]),
      ),
    ) as Record<keyof typeof filters, Listed>;
    const { id: session } = await place.session({ cwd, parent, meta: { chat: '7' } });
    await place.run(session, '[[say x]]');
    // Changes that come together are told together: each is waited for.
    const patch = async (fields: Fields, done: (row: Row) => boolean) => {
      await place.http.call('sessions.patch', { session, ...fields });
      await heard.all.until(({ row }) => row?.id === session && done(row));
    };
    await heard.all.until(({ row }) => row?.id === session && row.status === 'idle');
    await patch({ label: 'mine' }, ({ label }) => label === 'mine');
    await patch({ archived: true }, ({ archived }) => archived);
    const theirs = { label: 'theirs', meta: { chat: null } };
    await patch(theirs, ({ label }) => label === 'theirs');
    await place.http.call('sessions.delete', { session });
    const stream = await EventSource.open(place.http, '/v1/events?label=mine');
    const { id: last } = await place.session({ label: 'mine', parent, cwd, meta: { chat: '7' } });
    await stream.until(({ data }) => data.includes(last));
    stream.close();
    const of = (name: keyof typeof filters) =>
      heard[name].changes.filter((change) => change.session === session);
    const shown = (name: keyof typeof filters) => of(name).map(({ row }) => row !== null);
    const reasons = new Set(of('all').flatMap((change) => change.reasons));
    for (const reason of ['create', 'send', 'status', 'patch', 'delete']) {
      expect(reasons).toContain(reason);
    }
    expect(shown('all').at(-1)).toBe(false);
    expect(shown('cwd').filter((is) => !is)).toHaveLength(1);
    expect(shown('other')).toEqual([]);
    for (const name of ['label', 'meta', 'archived', 'parent'] as const) {
      expect(shown(name)).toContain(true);
      expect(shown(name).at(-1)).toBe(false);
    }
    expect(shown('working').at(-1)).toBe(false);
    for (const { row } of of('label')) if (row !== null) expect(row.label).toBe('mine');
  });

  test('V2: opened again on the same socket takes the place of the first, at once many times too', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say x]]');
    const socket = await place.open();
    const opens = Array.from({ length: 6 }, () => socket.call('feeds.open', { session, after: 0 }));
    const results = await Promise.allSettled(opens);
    expect(results.at(-1)?.status).toBe('fulfilled');
    for (const one of results) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'conflict' });
    }
    const follower = await Follower.open(socket, session);
    const { length } = await place.log(session);
    await follower.upTo(length);
    const fresh = follower.entries.slice(-length);
    expect(fresh.map(({ seq }) => seq)).toEqual(Array.from({ length }, (_, at) => at + 1));
  });

  test('S5: refuses over HTTP, and unknown sessions, seqs and filters on every face', async () => {
    const socket = await place.open();
    const wrong = [
      [{ session: 'nobody' }, 'not_found', 'session'],
      [{ sessions: { parent: 'nobody' } }, 'not_found', 'session'],
      [{ session: 'a', after: -1 }, 'invalid', 'after'],
      [{ sessions: { status: ['busy'] } }, 'invalid', 'sessions.status.0'],
    ] as const;
    for (const [input, code, field] of wrong) {
      expect(await refusal(socket.call('feeds.open', input))).toMatchObject({ code, field });
    }
    const overHttp = place.http.call('feeds.open', { session: 'a' });
    expect(await refusal(overHttp)).toMatchObject({ code: 'unsupported' });
    for (const [url, status, field] of [
      ['/v1/sessions/nobody/events', 404, 'session'],
      ['/v1/sessions/nobody/events?after=x', 400, 'after'],
      ['/v1/events?colour=red', 400, 'colour'],
      ['/v1/events?parent=nobody', 404, 'session'],
    ] as const) {
      const answer = await place.http.get(url);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.text)).toMatchObject({ error: { field } });
    }
  });
});

describe('feeds.close', () => {
  test('V2: ends one feed, once for two at once, and leaves the others, also those of other sockets', async () => {
    const [one, two] = [await place.session(), await place.session()];
    const socket = await place.open();
    const other = await place.follow(one.id);
    const [closed, open] = [
      await Follower.open(socket, one.id),
      await Follower.open(socket, two.id),
    ];
    const asked = { session: one.id };
    const both = await Promise.all([
      socket.call('feeds.close', asked),
      socket.call('feeds.close', asked),
    ]);
    expect(both.map((answer) => answer.closed)).toEqual([true, false]);
    expect(await socket.call('feeds.close', {})).toMatchObject({ closed: false });
    const before = closed.entries.length;
    for (const { id } of [one, two]) await place.run(id, `[[say ${newId()}]]`);
    const { length } = await place.log(two.id);
    await open.upTo(length);
    await other.upTo((await place.log(one.id)).length);
    expect(closed.entries).toHaveLength(before);
  });

  test('S5: refuses an unknown session', async () => {
    const socket = await place.open();
    const asked = socket.call('feeds.close', { session: 'nobody' });
    expect(await refusal(asked)).toMatchObject({ code: 'not_found', field: 'session' });
  });
});
