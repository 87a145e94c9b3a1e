import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences, faultsOf, toldFaults } from './judge.ts';
import { newId, Place, textOf } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Answers, type Fields, refusal, Refused, type Row, type Told } from './wire.ts';

let place: Place;
/** A second daemon, which knows nothing of the first. */
let other: Place;
beforeAll(async () => {
  [place, other] = await Promise.all([Place.open(), Place.open()]);
});
afterAll(async () => {
  await Promise.all([place.close(), other.close()]);
});

type ToldRefusal = ConstructorParameters<typeof Refused>[0];
const lines = 'application/x-ndjson';

async function exported({ http }: Place, input: Fields): Promise<string> {
  const { status, headers, text } = await http.post('/v1/sessions.export', JSON.stringify(input));
  if (status !== 200) throw new Refused((JSON.parse(text) as { error: ToldRefusal }).error);
  expect(headers['content-type']).toBe(lines);
  return text;
}

async function imported(
  { http }: Place,
  file: string,
  query = '',
): Promise<{ session: Row; created: boolean; added: number; lines: number }> {
  const { status, text } = await http.post(`/v1/sessions.import${query}`, file, lines);
  const answer = JSON.parse(text) as Awaited<ReturnType<typeof imported>> & { error: ToldRefusal };
  if (status !== 200) throw new Refused(answer.error);
  return answer;
}

describe('sessions.append', () => {
  const append = (session: string, entries: readonly Fields[], more: Fields = {}) =>
    place.http.call('sessions.append', { session, entries, ...more });

  test('L3 L4: stores entries once, and moves the head only by nodes', async () => {
    const { id: session } = await place.session();
    const follower = await place.follow(session);
    const [a, b, c] = [newId(), newId(), newId()];
    const first = await append(session, [{ id: a, parentId: null, type: 'note', raw: { t: 1 } }]);
    expect(first).toMatchObject({ head: a, entries: [{ id: a, duplicate: false }] });
    const batch = [
      { id: b, raw: [1, 2] },
      { id: c, parentId: a, raw: 'x' },
    ];
    const second = await append(session, batch, { expect: { head: a } });
    expect(second.head).toBe(c);
    const again = await append(session, batch, { expect: { head: a } });
    expect(again.entries).toEqual(second.entries.map((entry) => ({ ...entry, duplicate: true })));
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    await follower.upTo(log.length);
    expect(differences(log, follower.entries)).toEqual([]);
    expect(log.at(-1)).toMatchObject({ kind: 'external', parentId: a, data: { raw: 'x' } });
  });

  test('L3: entries without an id are known by the number of their producer', async () => {
    const { id: session } = await place.session();
    const numbered = (seq: number) => ({ producer: { id: 'logger', epoch: 1, seq } });
    const first = await append(session, [{ raw: 1 }, { raw: 2 }], numbered(10));
    const again = await append(session, [{ raw: 1 }, { raw: 2 }, { raw: 3 }], numbered(10));
    expect(again.entries.map(({ duplicate }) => duplicate)).toEqual([true, true, false]);
    expect(again.entries.slice(0, 2).map(({ seq }) => seq)).toEqual(
      first.entries.map(({ seq }) => seq),
    );
  });

  test('L4 L5: of many at once on the same head one is stored, the others learn what they have not seen', async () => {
    const { id: session } = await place.session();
    for (let head: string | null = null, round = 0; round < 6; round++) {
      const inputs = Array.from({ length: 8 }, (_, at) => ({
        session,
        entries: [{ id: newId(), parentId: head, raw: at }],
        expect: { head },
      }));
      const all = await race(place, 'sessions.append', inputs);
      const { answers, codes } = sorted(all);
      expect(answers).toHaveLength(1);
      expect(codes).toEqual(Array(7).fill('conflict'));
      head = answers[0]!.head;
      for (const one of all) {
        if ('refused' in one)
          expect(one.refused).toMatchObject({ field: 'expect', data: { head } });
      }
    }
    const log = await place.log(session);
    expect(log.filter(({ kind }) => kind === 'external')).toHaveLength(6);
    expect(faultsOf(log)).toEqual([]);
  });

  test('L2 L4: many at once without a condition are all stored, each batch in one piece', async () => {
    const { id: session } = await place.session();
    const inputs = Array.from({ length: 30 }, (_, at) => ({
      session,
      entries: [0, 1, 2].map((part) => ({ id: `e${at}-${part}`, raw: [at, part] })),
    }));
    const all = [];
    for (let at = 0; at < inputs.length; at += 10) {
      all.push(...(await race(place, 'sessions.append', inputs.slice(at, at + 10))));
    }
    expect(sorted(all).codes).toEqual([]);
    const log = await place.log(session);
    expect(toldFaults(log, all as Told[])).toEqual([]);
    expect(faultsOf(log)).toEqual([]);
    const found = log.filter(({ kind }) => kind === 'external').map(({ id }) => id);
    for (let at = 0; at < found.length; at += 3) {
      const [batch] = found[at]!.split('-');
      expect(found.slice(at, at + 3)).toEqual([0, 1, 2].map((part) => `${batch}-${part}`));
    }
  });

  test('S5: more than a request may have is refused, and the socket is told so', async () => {
    const { id: session } = await place.session();
    const entries = [{ raw: 'x'.repeat(1024 * 1024) }];
    expect(await refusal(append(session, entries))).toMatchObject({ code: 'too_large' });
    const socket = await place.open();
    const lost = socket.call('sessions.append', { session, entries });
    await expect(lost).rejects.toThrow('closed with 1009');
    expect(await place.log(session)).toHaveLength(1);
  });

  const of = async (given: Place, more: Fields) => ({
    session: (await given.session()).id,
    entries: [{ raw: 1 }],
    ...more,
  });
  testRefusals(() => place, 'sessions.append', [
    ['an unknown session', { session: 'nobody', entries: [{ raw: 1 }] }, 'not_found', 'session'],
    ['nothing', { session: 'a', entries: [] }, 'invalid', 'entries'],
    ['another head', (all) => of(all, { expect: { head: 'old' } }), 'conflict', 'expect'],
    ['another length', (all) => of(all, { expect: { seq: 99 } }), 'conflict', 'expect'],
    ['an old epoch', (all) => of(all, { epoch: 99 }), 'fenced', 'epoch'],
    [
      'an unknown parent',
      (all) => of(all, { entries: [{ raw: 1, parentId: 'nothing' }] }),
      'invalid',
      'parentId',
    ],
    [
      'an id twice',
      (all) =>
        of(all, {
          entries: [
            { id: 'a', raw: 1 },
            { id: 'a', raw: 1 },
          ],
        }),
      'invalid',
      'entries',
    ],
    [
      'a known id with other content',
      async (all) => {
        const input = await of(all, { entries: [{ id: 'a', raw: 1 }] });
        await all.http.call('sessions.append', input);
        return { ...input, entries: [{ id: 'a', raw: 2 }] };
      },
      'id_reused',
      'entries',
    ],
    [
      'a node beside an agent at work',
      async (all) => {
        const input = await of(all, { entries: [{ parentId: null, raw: 1 }] });
        await all.run(input.session, '[[say x]]');
        return input;
      },
      'busy',
      'entries',
    ],
  ]);
});

describe('blobs.get', () => {
  test('L6: answers a long text in parts, only in a session that names it', async () => {
    const { id: session } = await place.session();
    const text = `[[say long]] ${'äx'.repeat(60_000)}`;
    await place.run(session, text);
    const prompt = (await place.log(session)).find(({ kind }) => kind === 'prompt')!;
    const [block] = prompt.data.content!;
    const { digest, size } = block!.blob!;
    expect(size).toBe(Buffer.byteLength(text));
    expect(text.startsWith(block!.text!)).toBe(true);
    const parts: Buffer[] = [];
    for (let offset: number | null = 0; offset !== null;) {
      const input = { session, digest, offset, maxBytes: 50_000 };
      const part: Answers['blobs.get'] = await place.http.call('blobs.get', input);
      parts.push(Buffer.from(part.base64, 'base64'));
      offset = part.next;
    }
    expect(Buffer.concat(parts).toString()).toBe(text);
    expect(createHash('sha256').update(text).digest('hex')).toBe(digest);
    const { id: stranger } = await place.session();
    const refused = await refusal(place.http.call('blobs.get', { session: stranger, digest }));
    expect(refused).toMatchObject({ code: 'not_found', field: 'digest' });
  });

  testRefusals(() => place, 'blobs.get', [
    ['an unknown session', { session: 'nobody', digest: '0'.repeat(64) }, 'not_found', 'session'],
    ['a digest that is none', { session: 'a', digest: 'abc' }, 'invalid', 'digest'],
  ]);
});

describe('sessions.export', () => {
  test('L7: writes the whole log with its blobs and a digest over all, also while it grows', async () => {
    const { id: session } = await place.session({ title: 'Exported' });
    await place.run(session, `[[think Hm.]] [[write a.txt|b]] [[say ${'long '.repeat(40_000)}]]`);
    const growing = place.run(session, '[[long 20000]]');
    const file = await exported(place, { session });
    await growing;
    const written = file.trimEnd().split('\n');
    const read = written.map((line) => JSON.parse(line) as Fields & { type: string });
    expect(read[0]).toMatchObject({ type: 'header', format: 'turnkeep', session: { id: session } });
    const digest = createHash('sha256').update(`${written.slice(0, -1).join('\n')}\n`);
    const entries = read.flatMap((line) => (line.type === 'entry' ? [line['entry']] : []));
    expect(read.at(-1)).toEqual({
      type: 'end',
      entries: entries.length,
      digest: digest.digest('hex'),
    });
    expect(entries).toEqual((await place.log(session)).slice(0, entries.length));
    expect(read.some(({ type }) => type === 'blob')).toBe(true);
  });

  test('S5: refuses an unknown session and format before anything is written', async () => {
    const wrong = [
      [{ session: 'nobody' }, 'not_found', 'session'],
      [{ session: 'a', format: 'xml' }, 'invalid', 'format'],
    ] as const;
    for (const [input, code, field] of wrong) {
      expect(await refusal(exported(place, input))).toMatchObject({ code, field });
    }
    const overSocket = place.socket.call('sessions.export' as 'sessions.get', { session: 'a' });
    expect(await refusal(overSocket)).toMatchObject({ code: 'unsupported' });
  });
});

describe('sessions.import', () => {
  test('L3 L7: another daemon has the same entries then; the same again adds nothing', async () => {
    const { id: session } = await place.session({ title: 'Moved' });
    await place.run(session, `[[say ${'long '.repeat(40_000)}]] [[run echo x]]`);
    await place.http.call('sessions.reset', { session });
    const log = await place.log(session);
    const file = await exported(place, { session });
    const first = await imported(other, file);
    expect(first).toMatchObject({ created: true, added: log.length, session: { id: session } });
    expect(await other.log(session)).toEqual(log);
    expect(await imported(other, file.replaceAll('\n', '\r\n').trimEnd())).toMatchObject({
      created: false,
      added: 0,
    });
    expect(await exported(other, { session })).toBe(file);
    await other.http.call('sessions.patch', { session, title: 'goes on' });
    expect(faultsOf(await other.log(session))).toEqual([]);
  });

  test('L3 L4: many at once, and a file that is cut off, leave one log, which the whole file completes', async () => {
    const { id: session } = await place.session();
    const entries = Array.from({ length: 400 }, (_, at) => ({ id: `n${at}`, raw: at }));
    await place.http.call('sessions.append', { session, entries });
    const log = await place.log(session);
    const file = await exported(place, { session });
    const torn = await refusal(imported(other, file.slice(0, file.length / 2)));
    expect(torn).toMatchObject({ code: 'invalid', data: { line: expect.any(Number) as number } });
    let created = 0;
    const persist = async (): Promise<void> => {
      try {
        if ((await imported(other, file)).created) created += 1;
      } catch (error) {
        // Another import of it was faster: the whole file again adds what is missing.
        if (!(error instanceof Refused) || error.code !== 'busy') throw error;
        await persist();
      }
    };
    await Promise.all(Array.from({ length: 6 }, persist));
    expect(created).toBeLessThanOrEqual(1);
    expect(await other.log(session)).toEqual(log);
  });

  test('L1 L3: a daemon that is killed in it goes on from there with the next try', async () => {
    const { id: session } = await place.session();
    for (let at = 0; at < 4; at++) {
      const entries = Array.from({ length: 500 }, (_, nr) => ({ id: `k${at}-${nr}`, raw: nr }));
      await place.http.call('sessions.append', { session, entries });
    }
    const log = await place.log(session);
    const file = await exported(place, { session });
    const lost = imported(other, file).catch((error: NodeJS.ErrnoException) => error.code);
    const seen = other.watcher.until('some of it', session, ({ lastSeq }) => lastSeq > 0);
    await Promise.race([lost, seen.catch(() => undefined)]);
    await other.daemon.kill();
    await lost;
    await other.restarted();
    await imported(other, file);
    expect(await other.log(session)).toEqual(log);
    expect(await other.http.call('server.check')).toEqual({ faults: [], more: 0 });
  });

  test('S5: refuses what is no such file, another log of the same id, and a purged id', async () => {
    const { id: session } = await place.session();
    await place.http.call('sessions.append', { session, entries: [{ raw: 1 }] });
    const file = await exported(place, { session });
    await imported(other, file);
    await other.http.call('sessions.append', { session, entries: [{ raw: 2 }] });
    await place.http.call('sessions.append', { session, entries: [{ raw: 3 }] });
    const differs = imported(other, await exported(place, { session }));
    expect(await refusal(differs)).toMatchObject({ code: 'conflict', data: { seq: 3 } });
    expect(await refusal(imported(other, 'hello\n'))).toMatchObject({ code: 'invalid' });
    expect(await refusal(imported(other, file, '?format=pi'))).toMatchObject({ field: 'format' });
    expect(await refusal(imported(other, file, '?colour=red'))).toMatchObject({ field: 'colour' });
    const typed = await other.http.post('/v1/sessions.import', file);
    expect(typed.status).toBe(415);
    await other.http.call('sessions.delete', { session, purge: true });
    expect(await refusal(imported(other, file))).toMatchObject({ code: 'id_reused', field: 'id' });
    const renamed = await imported(other, file, `?id=${newId()}`);
    expect(renamed).toMatchObject({ created: true, session: { lastSeq: 2 } });
  });

  test('L7: the conversation goes out as a pi file and comes back', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say Hello pi.]]');
    const file = await exported(place, { session, format: 'pi' });
    expect(JSON.parse(file.split('\n')[0]!)).toMatchObject({ type: 'session', version: 3 });
    const query = `?format=pi&id=${newId()}&agent=scripted&cwd=${encodeURIComponent(other.cwd)}`;
    const { session: row, added } = await imported(other, file, query);
    expect(added).toBeGreaterThan(0);
    const log = await other.log(row.id);
    expect(log.map(textOf)).toContain('Hello pi.');
    expect(await imported(other, file, query)).toMatchObject({ added: 0, created: false });
  });
});
