import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsOf } from './judge.ts';
import { newId, Place, textOf } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Entry, type Fields, refusal, told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

const unknown = ['an unknown session', { session: 'nobody' }, 'not_found', 'session'] as const;
const states = (log: readonly Entry[]) =>
  log.flatMap(({ kind, data }) => (kind === 'deletion' ? [data['state']] : []));

/** A session with a run that hangs and a prompt that waits. */
async function busy(): Promise<string> {
  const { id: session } = await place.session();
  const follower = await place.follow(session);
  await place.http.call('sessions.send', { session, content: '[[say on]] [[hang]]' });
  await follower.until('delivery', ({ kind }) => kind === 'delivery');
  await place.http.call('sessions.send', { session, content: '[[say waits]]' });
  return session;
}

describe('sessions.reset', () => {
  test('L7 L2: stops the run, withdraws the queue, and begins anew in the same log', async () => {
    const session = await busy();
    const before = await place.log(session);
    const { session: row } = await place.http.call('sessions.reset', { session, reason: 'new' });
    expect(row).toMatchObject({ status: 'idle', queued: 0, activeRun: null });
    await place.run(session, '[[say fresh]]');
    const log = await place.log(session);
    expect(log.slice(0, before.length)).toEqual(before);
    expect(log.find(({ kind }) => kind === 'reset')?.data).toMatchObject({ reason: 'new' });
    expect(faultsOf(log)).toEqual([]);
    const opened = log.filter(({ kind, data }) => kind === 'host' && data['state'] === 'opened');
    const [first, second] = opened.map(({ data }) => data['nativeId']);
    expect(second).not.toBe(first);
    const page = { session, after: 0, afterLastCompaction: true };
    const { entries } = await place.http.call('sessions.history', page);
    expect(entries[0]?.kind).toBe('reset');
  });

  test('R1 R2: many at once, with prompts in between, leave one order', async () => {
    const session = await busy();
    const follower = await place.follow(session);
    const resets = race(place, 'sessions.reset', Array<Fields>(3).fill({ session }), 20);
    const content = '[[say between]]';
    const sends = race(place, 'sessions.send', Array<Fields>(5).fill({ session, content }), 15);
    const { answers, codes } = sorted(await resets);
    expect(sorted(await sends).codes).toEqual([]);
    await place.watcher.rest(session);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(log.filter(({ kind }) => kind === 'reset')).toHaveLength(answers.length);
    expect(codes.every((code) => code === 'unavailable')).toBe(true);
    expect(answers.length).toBeGreaterThan(0);
    await follower.upTo(log.length);
    expect(follower.entries.map(({ digest }) => digest)).toEqual(log.map(({ digest }) => digest));
  });

  testRefusals(() => place, 'sessions.reset', [
    unknown,
    ['a reason that is none', { session: 'a', reason: 'because' }, 'invalid', 'reason'],
  ]);
});

describe('sessions.delete', () => {
  test('L7 R1: stops the run and hides the session, whose key is free again', async () => {
    const key = `agent:scripted:${newId()}`;
    const session = await busy();
    await place.http.call('sessions.patch', { session, key });
    const first = await place.http.call('sessions.delete', { session: key });
    expect(first).toMatchObject({ purged: false, deletedAt: expect.any(String) as string });
    expect(await place.socket.call('sessions.delete', { session })).toEqual(first);
    for (const name of ['sessions.get', 'sessions.history', 'queue.list'] as const) {
      const refused = await refusal(place.http.call(name, { session }));
      expect(refused).toMatchObject({ code: 'not_found', field: 'session' });
    }
    const other = await place.session({ key });
    expect(other.id).not.toBe(session);
  });

  test('L7: purges for good, its id is not given again, and repeating it answers the same', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say gone]]');
    const first = await place.http.call('sessions.delete', { session, purge: true });
    expect(first).toMatchObject({ purged: true, purgeAt: null });
    expect(await place.http.call('sessions.delete', { session, purge: true })).toEqual(first);
    expect(await place.http.call('sessions.delete', { session })).toEqual(first);
    const refused = await refusal(place.http.call('sessions.restore', { session }));
    expect(refused.code).toBe('not_found');
  });

  test('L7 P1: at once with sends, patches and restores: each is told what became of it', async () => {
    for (const gap of [0, 3, 8]) {
      const session = await busy();
      const follower = await place.follow(session);
      const ids = Array.from({ length: 4 }, () => newId());
      const strikes = [
        race(place, 'sessions.delete', Array<Fields>(3).fill({ session }), gap),
        race(place, 'sessions.restore', Array<Fields>(3).fill({ session }), gap * 2),
        race(
          place,
          'sessions.patch',
          [
            { session, title: 'a' },
            { session, title: 'b' },
          ],
          gap,
        ),
        race(
          place,
          'sessions.send',
          ids.map((id) => ({ session, id, content: '[[say x]]' })),
          gap,
        ),
      ];
      const all = (await Promise.all<unknown[]>(strikes)).flat() as Awaited<
        ReturnType<typeof told>
      >[];
      const { codes } = sorted(all);
      expect(codes.every((code) => ['not_found', 'unavailable'].includes(code))).toBe(true);
      await told(place.http, 'sessions.restore', { session });
      await place.calm(session);
      const log = await place.log(session);
      expect(faultsOf(log)).toEqual([]);
      for (const one of all) {
        if ('answer' in one && one.name === 'sessions.delete') {
          expect(one.answer).toMatchObject({ deletedAt: expect.stringMatching(/^2/) as string });
        }
        if (one.name !== 'sessions.send') continue;
        const there = log.some(({ id }) => id === one.input['id']);
        expect(there).toBe('answer' in one);
      }
      const turns = states(log);
      expect(turns).toEqual(turns.map((_, at) => (at % 2 === 0 ? 'deleted' : 'restored')));
      await follower.upTo(log.length);
      expect(follower.entries.map(({ id }) => id)).toEqual(log.map(({ id }) => id));
    }
  });

  test('L7: purges at once leave one end of it, and nobody is told anything else', async () => {
    const session = await busy();
    const inputs = Array<Fields>(6).fill({ session, purge: true });
    const { answers, codes } = sorted(await race(place, 'sessions.delete', inputs));
    expect(answers.every(({ purged }) => purged)).toBe(true);
    expect(codes).toEqual([]);
  });

  testRefusals(() => place, 'sessions.delete', [
    unknown,
    [
      'the main session of an agent',
      async ({ http, cwd }) => {
        const key = 'agent:scripted:main';
        await http.call('sessions.create', { key, cwd });
        return { session: key };
      },
      'invalid',
      'session',
    ],
  ]);
});

describe('sessions.restore', () => {
  test('L7: brings everything back, without its key where another session has it by now', async () => {
    const key = `agent:scripted:${newId()}`;
    const { id: session } = await place.session({ key, label: 'kept', meta: { a: 'b' } });
    await place.run(session, '[[say kept]]');
    const before = await place.log(session);
    await place.http.call('sessions.delete', { session });
    await place.session({ key });
    const { session: row } = await place.http.call('sessions.restore', { session });
    expect(row).toMatchObject({ id: session, key: null, label: 'kept', meta: { a: 'b' } });
    expect((await place.log(session)).slice(0, before.length)).toEqual(before);
    await place.run(session, '[[say on]]');
    const again = await place.http.call('sessions.restore', { session });
    expect(again.session).toMatchObject({ id: session, deletedAt: null });
  });

  test('L7: many at once restore it once', async () => {
    const { id: session } = await place.session();
    await place.http.call('sessions.delete', { session });
    const inputs = Array<Fields>(6).fill({ session });
    const { answers } = sorted(await race(place, 'sessions.restore', inputs));
    expect(answers.map(({ session: row }) => row.deletedAt)).toEqual(Array(6).fill(null));
    expect(states(await place.log(session))).toEqual(['deleted', 'restored']);
  });

  testRefusals(() => place, 'sessions.restore', [unknown]);
});

describe('sessions.compact', () => {
  test('L7 L5: puts a boundary, keeps what is older, and tells the next host the summary', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say first]]');
    await place.run(session, '[[say second]]');
    const before = await place.log(session);
    const short = await place.http.call('sessions.compact', { session });
    expect(short).toMatchObject({ compacted: false, kept: 4, reason: 'short' });
    const input = { session, keep: 1, summary: 'They spoke.' };
    expect(await place.http.call('sessions.compact', input)).toMatchObject({ compacted: true });
    await place.run(session, '[[say third]]');
    const log = await place.log(session);
    expect(log.slice(0, before.length)).toEqual(before);
    expect(faultsOf(log)).toEqual([]);
    const primed = log.findLast(({ kind }) => kind === 'delivery');
    expect(primed?.data).toMatchObject({ primed: true });
    expect(textOf(primed!)).toContain('They spoke.');
    expect(
      log
        .filter(({ kind }) => kind === 'message')
        .map(textOf)
        .slice(2),
    ).toEqual(['third']);
    const page = { session, after: 0, afterLastCompaction: true };
    const { entries } = await place.http.call('sessions.history', page);
    const boundary = log.find(({ kind }) => kind === 'compaction')!;
    expect(entries[0]?.seq).toBe(boundary.data['keepSeq']);
    expect(entries.at(-1)).toEqual(log.at(-1));
  });

  test('L7: many at once put as many boundaries as were told', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say a]] [[think b]] [[say c]] [[think d]]');
    const inputs = Array<Fields>(6).fill({ session, keep: 1 });
    const { answers, codes } = sorted(await race(place, 'sessions.compact', inputs));
    // Who counted what to keep before another boundary came in between is told to look again.
    expect(codes.every((code) => code === 'conflict')).toBe(true);
    expect(answers.length).toBeGreaterThan(0);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    const done = answers.filter(({ compacted }) => compacted).length;
    expect(log.filter(({ kind }) => kind === 'compaction')).toHaveLength(done);
    await place.run(session, '[[say on]]');
  });

  test('L7: beside a run it is refused, and nothing changed', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say a]] [[think b]] [[say c]]');
    await place.http.call('sessions.send', { session, content: '[[say on]] [[hang]]' });
    const refused = await refusal(place.http.call('sessions.compact', { session, keep: 1 }));
    expect(refused.code).toBe('busy');
    await place.calm(session);
    expect((await place.log(session)).some(({ kind }) => kind === 'compaction')).toBe(false);
  });

  testRefusals(() => place, 'sessions.compact', [
    unknown,
    ['to keep nothing', { session: 'a', keep: 0 }, 'invalid', 'keep'],
  ]);
});

describe('sessions.fork', () => {
  test('L7 L6: shares the history up to an entry, and goes on by itself', async () => {
    const { id: session } = await place.session({
      title: 'base',
      meta: { a: 'b' },
      env: { E: 'v' },
    });
    await place.run(session, '[[say first]]');
    await place.run(session, '[[say second]]');
    const base = await place.log(session);
    const at = base.find(({ kind }) => kind === 'message')!;
    const fork = { session, at: at.id, label: 'forked', prompt: '[[say third]]' };
    const forked = await place.http.call('sessions.fork', fork);
    expect(forked).toMatchObject({ created: true, fidelity: 'primed' });
    const { id } = forked.session;
    const row = await place.watcher.rest(id);
    expect(row).toMatchObject({ title: 'base', meta: { a: 'b' }, label: 'forked', key: null });
    expect(row.forkedFrom).toEqual({ session, entry: at.id, seq: at.seq });
    const log = await place.log(id);
    expect(faultsOf(log)).toEqual([]);
    expect(textOf(log.find(({ kind }) => kind === 'delivery')!)).toMatch(/first[^]*third/);
    // What it did before the fork it does not do again.
    expect(log.filter(({ kind }) => kind === 'message').map(textOf)).toEqual(['third']);
    expect(await place.log(session)).toEqual(base);
    const back: string[] = [];
    let page = await place.http.call('sessions.history', { session: id, limit: 5 });
    for (;;) {
      back.push(...page.entries.map((entry) => `${entry.inherited ?? id} ${entry.seq}`));
      const { next, inherited } = page;
      if (next === null && inherited === null) break;
      const more = next === null ? { inherited } : { before: next };
      page = await place.http.call('sessions.history', { session: id, limit: 5, ...more });
    }
    const own = log.map(({ seq }) => `${id} ${seq}`).toReversed();
    const shared = base.slice(0, at.seq).map(({ seq }) => `${session} ${seq}`);
    expect(back).toEqual([...own, ...shared.toReversed()]);
    const { settings } = await place.http.call('sessions.get', { session: id });
    expect(settings['env']).toEqual(['E']);
  });

  test('L3: a known id answers the fork that is there; of another base or place it is refused', async () => {
    const [{ id: session }, { id: other }] = [await place.session(), await place.session()];
    await place.run(session, '[[say first]]');
    const fork = { session, id: newId() };
    const first = await place.http.call('sessions.fork', fork);
    await place.run(session, '[[say second]]');
    const again = await place.http.call('sessions.fork', fork);
    expect(again).toEqual({ ...first, created: false });
    const [begin] = await place.log(session);
    for (const wrong of [{ session: other }, { id: other }, { at: begin!.id }]) {
      const refused = await refusal(place.http.call('sessions.fork', { ...fork, ...wrong }));
      expect(refused).toMatchObject({ code: 'conflict', field: 'id' });
    }
    expect(await place.log(other)).toHaveLength(1);
  });

  test('L3 V2: many at once, beside a run: one per id, all from one base that goes on', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say base]]');
    await place.http.call('sessions.send', { session, content: '[[long 3000]]' });
    const [shared, ...own] = Array.from({ length: 5 }, () => newId());
    const ids = [shared, ...own, shared, shared];
    const inputs = ids.map((id) => ({ session, id, prompt: '[[say x]]', promptId: `p${id}` }));
    const { answers, codes } = sorted(await race(place, 'sessions.fork', inputs, 5));
    expect(codes).toEqual([]);
    expect(answers.filter(({ created }) => created)).toHaveLength(5);
    await place.watcher.rest(session);
    const base = await place.log(session);
    expect(faultsOf(base)).toEqual([]);
    for (const { session: row } of answers) {
      await place.watcher.rest(row.id);
      const log = await place.log(row.id);
      expect(faultsOf(log)).toEqual([]);
      expect(log[0]).toMatchObject({ kind: 'fork', data: { session } });
      expect(log.filter(({ kind }) => kind === 'prompt')).toHaveLength(1);
      expect(base.some(({ seq }) => seq === row.forkedFrom?.seq)).toBe(true);
    }
  });

  testRefusals(() => place, 'sessions.fork', [
    unknown,
    ['an unknown entry', async (all) => of(all, { at: 'nothing' }), 'not_found', 'at'],
    ['an unknown agent', async (all) => of(all, { agent: 'nobody' }), 'invalid', 'agent'],
    ['an empty prompt', async (all) => of(all, { prompt: '  ' }), 'invalid', 'content'],
    ['a directory that is not there', (all) => of(all, { cwd: '/nowhere' }), 'invalid', 'cwd'],
    ['what the agent cannot honour', (all) => of(all, { maxTurns: 3 }), 'unsupported', 'maxTurns'],
    ['much meta', (all) => of(all, { meta: { a: 'x'.repeat(5000) } }), 'too_large', 'meta'],
    ['the id of its base', async (all) => itself(all), 'conflict', 'id'],
  ]);
  const of = async (given: Place, more: Fields) => ({
    session: (await given.session()).id,
    ...more,
  });
  const itself = async (given: Place) => {
    const { id } = await given.session();
    return { session: id, id };
  };
});
