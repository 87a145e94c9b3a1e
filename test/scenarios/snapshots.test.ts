import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsOf } from './judge.ts';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import type { Entry } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** A session with a directory of its own, in which `a.txt` is there. */
async function fresh(): Promise<{ session: string; cwd: string; file: (name: string) => string }> {
  const cwd = path.join(place.cwd, newId());
  mkdirSync(cwd);
  writeFileSync(path.join(cwd, 'a.txt'), 'one\ntwo\n');
  const { id: session } = await place.session({ cwd });
  return { session, cwd, file: (name) => path.join(cwd, name) };
}

/** Runs a script and waits until so many snapshots are in the log. */
async function run(session: string, script: string, count: number): Promise<string> {
  const before = await place.log(session);
  const seen = before.filter(({ kind }) => kind === 'snapshot').length;
  const sent = await place.run(session, script);
  const follower = await place.follow(session);
  await follower.until(`${count} snapshots`, () => {
    return follower.entries.filter(({ kind }) => kind === 'snapshot').length >= seen + count;
  });
  return sent.run!;
}

/** Of a read that is overtaken by an edit of the agent nothing is told. */
const edits = '[[read a.txt]] [[sleep 500]] [[edit a.txt|two|three]] [[write b.txt|new\\n]]';
const text = (file: string): string => readFileSync(file, 'utf8');

describe('snapshots.list', () => {
  test('F1 F2: tells each file that the calls of a run read and wrote, newest first, page by page', async () => {
    const { session, file } = await fresh();
    const id = await run(session, edits, 3);
    const { snapshots, next } = await place.http.call('snapshots.list', { session, run: id });
    expect(next).toBeNull();
    expect(snapshots.map(({ data }: Entry) => [data['path'], data['change']])).toEqual([
      [file('b.txt'), 'created'],
      [file('a.txt'), 'edited'],
      [file('a.txt'), 'read'],
    ]);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    for (const { about } of snapshots as Entry[]) {
      expect(log.find((entry) => entry.id === about)).toMatchObject({ kind: 'tool_call' });
    }
    const one = { session, path: 'a.txt', changes: 'write', limit: 1 };
    expect((await place.socket.call('snapshots.list', one)).snapshots).toHaveLength(1);
    const first = await place.socket.call('snapshots.list', { session, limit: 2 });
    const rest = { session, limit: 2, cursor: first.next! };
    const second = await place.socket.call('snapshots.list', rest);
    expect([...first.snapshots, ...second.snapshots]).toEqual(snapshots);
  });

  testRefusals(() => place, 'snapshots.list', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['a cursor of its own making', { session: 'a', cursor: 'x' }, 'invalid', 'cursor'],
    ['a path with NUL', { session: 'a', path: 'a\0' }, 'invalid', 'path'],
  ]);
});

describe('snapshots.get', () => {
  test('F1: tells the texts of a file before and after, the same to many at once', async () => {
    const { session } = await fresh();
    await run(session, edits, 3);
    const { snapshots } = await place.http.call('snapshots.list', { session, path: 'a.txt' });
    const [edited] = snapshots as Entry[];
    const told = await place.http.call('snapshots.get', { session, snapshot: edited!.id });
    const texts = { before: 'one\ntwo\n', after: 'one\nthree\n' };
    expect(told).toEqual({ session, snapshot: edited, ...texts });
    const inputs = Array.from({ length: 9 }, () => ({ session, snapshot: edited!.id }));
    const { answers } = sorted(await race(place, 'snapshots.get', inputs));
    expect(answers).toEqual(inputs.map(() => told));
  });

  testRefusals(() => place, 'snapshots.get', [
    ['an unknown session', { session: 'nobody', snapshot: 'a' }, 'not_found', 'session'],
    [
      'an entry that is none',
      async ({ http }) => {
        const { session } = await fresh();
        const [first] = (await http.call('sessions.history', { session })).entries;
        return { session, snapshot: first!.id };
      },
      'not_found',
      'snapshot',
    ],
  ]);
});

describe('snapshots.diff', () => {
  test('F3: shows what a call, a run and the session changed', async () => {
    const { session, file } = await fresh();
    const one = await run(session, edits, 3);
    const two = await run(session, '[[edit a.txt|three|four]]', 1);
    const of = async (input: object) => {
      const { files } = await place.http.call('snapshots.diff', { session, ...input });
      return files.map(({ path: name, change, diff }) => {
        const lines = (diff ?? '').split('\n').filter((line) => /^[+-](?![+-])/.test(line));
        return [path.basename(name), change, ...lines];
      });
    };
    expect(await of({})).toEqual([
      ['a.txt', 'edited', '-two', '+four'],
      ['b.txt', 'created', '+new'],
    ]);
    expect(await of({ run: one })).toEqual([
      ['a.txt', 'edited', '-two', '+three'],
      ['b.txt', 'created', '+new'],
    ]);
    expect(await of({ run: two })).toEqual([['a.txt', 'edited', '-three', '+four']]);
    const { snapshots } = await place.http.call('snapshots.list', { session, path: file('b.txt') });
    expect(await of({ call: (snapshots as Entry[])[0]!.about })).toEqual([
      ['b.txt', 'created', '+new'],
    ]);
  });

  testRefusals(() => place, 'snapshots.diff', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['a run that is none', async () => ({ ...(await named()), run: 'none' }), 'not_found', 'run'],
    [
      'a call that is none',
      async () => ({ ...(await named()), call: 'none' }),
      'not_found',
      'call',
    ],
    ['a run and a call', { session: 'a', run: 'a', call: 'a' }, 'invalid', 'call'],
  ]);
});

const named = async () => ({ session: (await fresh()).session });

describe('snapshots.restore', () => {
  test('F3 S7: puts the files of a run back and records it; undone by what it recorded', async () => {
    const { session, file } = await fresh();
    const id = await run(session, edits, 3);
    const wanted = { session, run: id };
    const planned = await place.http.call('snapshots.restore', { ...wanted, dryRun: true });
    expect(planned).toMatchObject({ restore: null, files: [{ outcome: 'restored' }, {}] });
    expect(text(file('a.txt'))).toBe('one\nthree\n');
    const told = await place.http.call('snapshots.restore', wanted);
    expect(told.files).toEqual([
      { path: file('a.txt'), outcome: 'restored' },
      { path: file('b.txt'), outcome: 'restored' },
    ]);
    expect(text(file('a.txt'))).toBe('one\ntwo\n');
    expect(() => text(file('b.txt'))).toThrow('ENOENT');
    const log = await place.log(session);
    const [begun, ended] = log.filter(({ kind }) => kind === 'restore');
    expect(begun).toMatchObject({ id: told.restore!.id, by: { type: 'client' } });
    expect(ended).toMatchObject({ about: begun!.id, data: { state: 'ended' } });
    await place.http.call('snapshots.restore', { ...wanted, to: 'after', paths: ['a.txt'] });
    expect(text(file('a.txt'))).toBe('one\nthree\n');
  });

  test('F4: refuses what was changed since, and does it where that is forced', async () => {
    const { session, file } = await fresh();
    const id = await run(session, edits, 3);
    writeFileSync(file('a.txt'), 'by hand');
    const wanted = { session, run: id };
    const refused = await place.http
      .call('snapshots.restore', wanted)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'conflict', field: 'force' });
    expect(text(file('a.txt'))).toBe('by hand');
    await place.http.call('snapshots.restore', { ...wanted, force: true });
    expect(text(file('a.txt'))).toBe('one\ntwo\n');
  });

  test('F3: many at once leave the files as one would have', async () => {
    const { session, file } = await fresh();
    const id = await run(session, edits, 3);
    const inputs = Array.from({ length: 9 }, () => ({ session, run: id }));
    const { answers, codes } = sorted(await race(place, 'snapshots.restore', inputs));
    expect(answers.length).toBeGreaterThan(0);
    expect(codes.filter((code) => code !== 'busy')).toEqual([]);
    expect(text(file('a.txt'))).toBe('one\ntwo\n');
    const states = (await place.log(session)).flatMap(({ kind, data }) =>
      kind === 'restore' ? [data['state']] : [],
    );
    expect(states).toEqual(states.map((_, at) => (at % 2 === 0 ? 'begun' : 'ended')));
  });

  testRefusals(() => place, 'snapshots.restore', [
    ['an unknown session', { session: 'nobody', run: 'a' }, 'not_found', 'session'],
    ['neither run nor snapshot', { session: 'a' }, 'invalid', 'snapshot'],
    ['both', { session: 'a', run: 'a', snapshot: 'a' }, 'invalid', 'snapshot'],
    ['a run that is none', async () => ({ ...(await named()), run: 'none' }), 'not_found', 'run'],
    [
      'files while the agent works',
      async ({ http }) => {
        const { session } = await fresh();
        const id = await run(session, edits, 3);
        const follower = await place.follow(session);
        await http.call('sessions.send', { session, content: '[[say on]] [[hang]]' });
        await follower.until('the second delivery', () => {
          return follower.entries.filter(({ kind }) => kind === 'delivery').length === 2;
        });
        return { session, run: id };
      },
      'busy',
      'session',
    ],
  ]);
});
