import path from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Fields, refusal, type Row } from './wire.ts';

let place: Place;
/** A session that has had a run. */
let talked: Row;
beforeAll(async () => {
  place = await Place.open();
  talked = await place.session({ title: 'Talked', label: 'told', key: 'agent:scripted:talked' });
  await place.run(talked.id, '[[say Hello there.]] [[write a.txt|x]]');
  await place.run(talked.id, '[[say Again.]]');
});
afterAll(() => place.close());

describe('sessions.create', () => {
  test('P1 S7: makes a session that begins with its prompt, and is what every other operation shows', async () => {
    const settings = { title: 'T', label: 'L', meta: { issue: '7' }, model: 'brisk', mode: 'auto' };
    const id = newId();
    const made = await place.http.call('sessions.create', {
      id,
      cwd: place.cwd,
      agent: 'scripted',
      ...settings,
      prompt: '[[say made]]',
      promptId: newId(),
      key: ' AGENT:Scripted:made ',
    });
    expect(made).toMatchObject({ created: true, resolved: { agent: 'scripted', model: 'brisk' } });
    expect(made.prompt).toMatchObject({ state: 'starting', run: expect.any(String) as string });
    const row = await place.watcher.rest(id);
    expect(row).toMatchObject({ ...settings, id, key: 'agent:scripted:made', cwd: place.cwd });
    expect(row.lastRun).toMatchObject({ id: made.prompt?.run, outcome: 'completed' });
    const log = await place.log(id);
    expect(log[made.prompt!.seq - 1]).toMatchObject({ kind: 'prompt', id: made.prompt!.id });
    expect(log[0]?.by).toMatchObject({ type: 'client', client: 'scenario' });
    const named = await place.socket.call('sessions.get', { session: 'agent:scripted:made' });
    expect(named.session).toEqual(row);
  });

  test('L3: a known id or key answers the session that is there, and gives it the prompt', async () => {
    const input = { cwd: place.cwd, agent: 'scripted', key: 'agent:scripted:known', id: newId() };
    const first = await place.http.call('sessions.create', input);
    const again = await place.socket.call('sessions.create', input);
    expect(again).toMatchObject({ created: false, session: { id: first.session.id } });
    const { id: _, ...keyed } = input;
    const prompt = { prompt: '[[say keyed]]', promptId: newId() };
    const sent = await place.http.call('sessions.create', { ...keyed, ...prompt });
    expect(sent).toMatchObject({ created: false, prompt: { id: prompt.promptId } });
    const row = await place.watcher.rest(first.session.id);
    expect(row.lastMessage).toContain('keyed');
  });

  test('P1: a draft launches nothing, and finds its directory later', async () => {
    const draft = await place.http.call('sessions.create', {
      draft: true,
      prompt: '[[say later]]',
    });
    expect(draft).toMatchObject({ session: { status: 'draft', queued: 1, cwd: '' } });
    const { id: session } = draft.session;
    const refused = await refusal(place.http.call('queue.release', { session }));
    expect(refused).toMatchObject({ code: 'invalid', field: 'cwd' });
    await place.http.call('sessions.patch', { session, cwd: place.cwd });
    await place.http.call('queue.release', { session });
    expect((await place.watcher.rest(session)).lastMessage).toContain('later');
  });

  test('S3: makes the directory only where that is asked for', async () => {
    const cwd = path.join(place.home, 'made');
    const refused = await refusal(place.http.call('sessions.create', { cwd }));
    expect(refused).toMatchObject({ code: 'invalid', field: 'cwd' });
    const { session } = await place.http.call('sessions.create', { cwd, makeCwd: true });
    expect(session.cwd).toBe(cwd);
  });

  test('L3 P1: of many at once with the same id, or the same key, one makes it and all get it', async () => {
    const base = { cwd: place.cwd, agent: 'scripted', prompt: '[[say once]]', promptId: newId() };
    for (const name of [{ id: newId() }, { key: `agent:scripted:${newId()}` }]) {
      const input = { ...base, ...name, promptId: newId() };
      const all = await race(place, 'sessions.create', Array<Fields>(9).fill(input));
      const { answers, codes } = sorted(all);
      expect(codes).toEqual([]);
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      const ids = new Set(answers.map(({ session }) => session.id));
      expect(ids.size).toBe(1);
      const [session] = [...ids];
      await place.watcher.rest(session!);
      const prompts = (await place.log(session!)).filter(({ kind }) => kind === 'prompt');
      expect(prompts.map(({ id }) => id)).toEqual([input.promptId]);
    }
  });

  testRefusals(() => place, 'sessions.create', [
    ['no directory', {}, 'invalid', 'cwd'],
    ['a directory that is not there', { cwd: '/nowhere/at/all' }, 'invalid', 'cwd'],
    ['a relative directory', { cwd: 'work' }, 'invalid', 'cwd'],
    ['a file as directory', async ({ home }) => ({ cwd: await fileIn(home) }), 'invalid', 'cwd'],
    ['the state directory', ({ state }) => ({ cwd: state }), 'invalid', 'cwd'],
    ['an unknown parent', ({ cwd }) => ({ cwd, parent: 'nobody' }), 'not_found', 'session'],
    ['an unknown agent', ({ cwd }) => ({ cwd, agent: 'nobody' }), 'invalid', 'agent'],
    ['a key that is none', ({ cwd }) => ({ cwd, key: 'mine' }), 'invalid', 'key'],
    [
      'a key of another agent',
      ({ cwd }) => ({ cwd, agent: 'scripted', key: 'agent:claude:x' }),
      'invalid',
      'key',
    ],
    ['an id that is none', ({ cwd }) => ({ cwd, id: '../x' }), 'invalid', 'id'],
    [
      'an id of a prompt that is none',
      ({ cwd }) => ({ cwd, promptId: 'p' }),
      'invalid',
      'promptId',
    ],
    ['an empty prompt', ({ cwd }) => ({ cwd, prompt: '' }), 'invalid', 'prompt'],
    [
      'a known id with another agent',
      ({ cwd }) => other(cwd, { agent: 'claude' }),
      'conflict',
      'id',
    ],
    ['a known id elsewhere', ({ home }) => other(home, {}), 'conflict', 'id'],
    [
      'a known key elsewhere',
      ({ home }) => ({ cwd: home, key: 'agent:scripted:talked' }),
      'conflict',
      'key',
    ],
    [
      'what the agent cannot honour',
      ({ cwd }) => ({ cwd, agent: 'scripted', maxTurns: 3 }),
      'unsupported',
      'maxTurns',
    ],
    [
      'secrets that the agent cannot be given',
      ({ cwd }) => ({ cwd, agent: 'scripted', mcpServers: [server] }),
      'unsupported',
      'mcpServers',
    ],
    [
      'two servers of one name',
      ({ cwd }) => ({
        cwd,
        mcpServers: [
          { ...server, env: {} },
          { ...server, env: {} },
        ],
      }),
      'invalid',
      'mcpServers',
    ],
    ['a variable of ours', ({ cwd }) => ({ cwd, env: { PATH: 'x' } }), 'invalid', 'env.PATH'],
    ['much meta', ({ cwd }) => ({ cwd, meta: { a: 'x'.repeat(5000) } }), 'too_large', 'meta'],
    ['a deleted id', (all) => gone(all, false), 'conflict', 'id'],
    ['a purged id', (all) => gone(all, true), 'id_reused', 'id'],
  ]);

  const server = { type: 'stdio', name: 'a', command: 'true', env: { A: 'secret' } };
  const other = (cwd: string, more: Fields) => ({ id: talked.id, cwd, ...more });
  const fileIn = async (home: string) => {
    const file = path.join(home, 'file');
    await writeFile(file, '');
    return file;
  };
  const gone = async ({ http, cwd }: Place, purge: boolean) => {
    const { session } = await http.call('sessions.create', { cwd, id: newId() });
    await http.call('sessions.delete', { session: session.id, purge });
    return { id: session.id, cwd };
  };
});

describe('sessions.get', () => {
  test('V5 S1: answers row, settings without secrets, children and host', async () => {
    const { id: session } = await place.session({ env: { SECRET: 'value-of-it' } });
    await place.session({ parent: session });
    const got = await place.http.call('sessions.get', { session });
    expect(got).toMatchObject({ session: { id: session }, children: 1, host: null });
    expect(got.settings).toMatchObject({ model: 'brisk', env: ['SECRET'] });
    expect(JSON.stringify(got)).not.toContain('value-of-it');
    await place.run(session, '[[say x]]');
    const { host } = await place.http.call('sessions.get', { session });
    expect(host).toMatchObject({ phase: 'open', pid: expect.any(Number) as number });
  });

  testRefusals(() => place, 'sessions.get', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
  ]);
});

describe('sessions.list', () => {
  test('V5 L6: pages by every filter and both orders, each session once', async () => {
    const cwd = path.join(place.home, 'listed');
    await mkdir(cwd);
    const made: string[] = [];
    for (let at = 0; at < 7; at++) {
      const more = { cwd, label: at < 4 ? 'few' : 'rest', meta: { nr: String(at % 2) } };
      made.push((await place.session({ ...more, title: `title ${at}` })).id);
    }
    await place.http.call('sessions.patch', { session: made[6]!, archived: true });
    const list = async (filter: Fields) => {
      const found: string[] = [];
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = { ...filter, limit: 2, ...(cursor === undefined ? {} : { cursor }) };
        const { sessions, next } = await place.http.call('sessions.list', page);
        expect(sessions.length).toBeLessThanOrEqual(2);
        found.push(...sessions.map(({ id }) => id));
        cursor = next;
      }
      return found;
    };
    expect(await list({ cwd, sort: 'created' })).toEqual(made.toReversed());
    expect(await list({ cwd, label: 'few' })).toHaveLength(4);
    expect(await list({ cwd, meta: { nr: '1' } })).toHaveLength(3);
    expect(await list({ cwd, archived: true })).toEqual([made[6]]);
    expect(await list({ cwd, archived: false })).toHaveLength(6);
    expect(await list({ cwd, text: 'title 3' })).toEqual([made[3]]);
    expect(await list({ cwd, status: ['idle'] })).toHaveLength(7);
    expect(await list({ cwd, status: ['working'] })).toEqual([]);
    expect(await list({ cwd, agent: 'claude' })).toEqual([]);
    const child = await place.session({ parent: made[0]! });
    expect(await list({ parent: made[0]! })).toEqual([child.id]);
    await place.http.call('sessions.delete', { session: made[5]! });
    expect(await list({ cwd })).not.toContain(made[5]);
    expect(await list({ cwd, deleted: true })).toEqual([made[5]]);
    await place.run(made[1]!, '[[say up]]');
    expect((await list({ cwd, sort: 'activity' }))[0]).toBe(made[1]);
  });

  testRefusals(() => place, 'sessions.list', [
    ['a cursor that is none', { cursor: 'x' }, 'invalid', 'cursor'],
    ['too many rows', { limit: 201 }, 'invalid', 'limit'],
    ['a status that is none', { status: ['busy'] }, 'invalid', 'status.0'],
    ['an unknown parent', { parent: 'nobody' }, 'not_found', 'session'],
  ]);
});

describe('sessions.resolve', () => {
  test('V5: finds by id, key, label, prefix, title and native id, and refuses what means several', async () => {
    const find = async (name: string) =>
      (await place.http.call('sessions.resolve', { name })).session.id;
    const { session: row } = await place.http.call('sessions.get', { session: talked.id });
    const names = [row.id, row.key!, row.label!, row.id.slice(0, -1), row.title!, row.nativeId!];
    for (const name of names) expect(await find(name)).toBe(row.id);
    await place.session({ title: 'twins' });
    await place.session({ title: 'twins' });
    const refused = await refusal(place.socket.call('sessions.resolve', { name: 'twins' }));
    expect(refused).toMatchObject({ code: 'conflict', field: 'name' });
    expect(refused.data?.['candidates']).toHaveLength(2);
  });

  testRefusals(() => place, 'sessions.resolve', [
    ['what means none', { name: 'nobody at all' }, 'not_found', 'session'],
  ]);
});

describe('sessions.preview', () => {
  test('L6: shows the last items of many, and one bad session fails no other', async () => {
    const { id: empty } = await place.session();
    const { previews } = await place.http.call('sessions.preview', {
      sessions: [talked.id, 'nobody', 'agent:scripted:talked', empty],
      items: 3,
      maxChars: 20,
    });
    expect(previews.map(({ status }) => status)).toEqual(['ok', 'missing', 'ok', 'empty']);
    expect(previews[0]?.items.map(({ from }) => from)).toEqual(['tool', 'person', 'agent']);
    expect(previews[0]?.items.every(({ text }) => text.length <= 20)).toBe(true);
    expect(previews[2]?.items).toEqual(previews[0]?.items);
  });

  testRefusals(() => place, 'sessions.preview', [
    ['none', { sessions: [] }, 'invalid', 'sessions'],
    ['too many', { sessions: Array<string>(65).fill('a') }, 'invalid', 'sessions'],
    ['too many items', { sessions: ['a'], items: 51 }, 'invalid', 'items'],
  ]);
});

describe('sessions.history', () => {
  test('L6 V1: pages in both directions, by kind and by run, and says where it is', async () => {
    const log = await place.log(talked.id);
    const asked = { session: talked.id, limit: 3 };
    const back: number[] = [];
    for (let before: number | null | undefined; before !== null;) {
      const more = before === undefined ? {} : { before };
      const page = await place.http.call('sessions.history', { ...asked, ...more });
      back.push(...page.entries.map(({ seq }) => seq));
      expect(page).toMatchObject({ lastSeq: log.length, head: expect.any(String) as string });
      before = page.next;
    }
    expect(back).toEqual(log.map(({ seq }) => seq).toReversed());
    const kinds = ['prompt', 'run_ended'];
    const some = await place.http.call('sessions.history', { ...asked, after: 0, kinds });
    expect(some.entries.map(({ kind }) => kind)).toEqual(['prompt', 'run_ended', 'prompt']);
    const run = log.find(({ kind }) => kind === 'run_ended')?.runId;
    const { entries } = await place.http.call('sessions.history', { session: talked.id, run });
    expect(entries).toEqual(log.filter(({ runId }) => runId === run).toReversed());
  });

  testRefusals(() => place, 'sessions.history', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['two directions', () => ({ session: talked.id, after: 1, before: 2 }), 'invalid', 'before'],
    ['a kind that is none', () => ({ session: talked.id, kinds: ['x'] }), 'invalid', 'kinds.0'],
    [
      'a log that it was not forked from',
      () => ({ session: talked.id, inherited: { session: 'nobody', before: 3 } }),
      'not_found',
      'inherited',
    ],
  ]);
});

describe('sessions.patch', () => {
  test('V5 S7: changes settings, and says which the agent has now', async () => {
    const { id: session } = await place.session({ meta: { a: '1', b: '2' } });
    const patch = (fields: Fields) => place.http.call('sessions.patch', { session, ...fields });
    const cold = await patch({ model: 'steady', title: 'New', meta: { a: null, c: '3' } });
    expect(cold).toMatchObject({ session: { title: 'New', meta: { b: '2', c: '3' } } });
    expect(cold.applied).toEqual({ model: 'next host' });
    await place.run(session, '[[say x]]');
    expect((await patch({ model: 'brisk', env: { A: 'b' } })).applied).toEqual({
      model: 'live',
      env: 'next host',
    });
    expect((await patch({ key: 'agent:scripted:p1', label: 'l' })).session).toMatchObject({
      key: 'agent:scripted:p1',
      label: 'l',
    });
    expect((await patch({ key: null, label: null })).session).toMatchObject({ key: null });
    const { session: row } = await place.http.call('sessions.get', { session });
    expect(row).toMatchObject({ title: 'New', model: 'brisk', key: null, label: null });
  });

  test('L5: of many at once that have seen the same head all are done, and the last one stays', async () => {
    const { id: session } = await place.session();
    const titles = Array.from({ length: 12 }, () => newId());
    const inputs = titles.map((title) => ({ session, title, expectedHead: null }));
    const { answers } = sorted(await race(place, 'sessions.patch', inputs));
    expect(answers).toHaveLength(12);
    const log = await place.log(session);
    const written = log.flatMap(({ data }) => data.changes?.['title'] ?? []);
    expect(new Set(written)).toEqual(new Set(titles));
    expect(written).toHaveLength(titles.length);
    const { session: row } = await place.http.call('sessions.get', { session });
    expect(row.title).toBe(written.at(-1));
  });

  test('L3: of many at once that want the same key one gets it', async () => {
    const rows = await Promise.all(Array.from({ length: 6 }, () => place.session()));
    const key = `agent:scripted:${newId()}`;
    const all = await race(
      place,
      'sessions.patch',
      rows.map(({ id }) => ({ session: id, key })),
    );
    const { answers, codes } = sorted(all);
    expect(answers).toHaveLength(1);
    expect(codes).toEqual(Array(5).fill('conflict'));
    const { session } = await place.http.call('sessions.get', { session: key });
    expect(session.id).toBe(answers[0]?.session.id);
  });

  testRefusals(() => place, 'sessions.patch', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['a taken key', async (all) => fresh(all, { key: 'agent:scripted:talked' }), 'conflict', 'key'],
    ['a key of another agent', (all) => fresh(all, { key: 'agent:claude:x' }), 'invalid', 'key'],
    ['no directory', (all) => fresh(all, { cwd: '/nowhere' }), 'invalid', 'cwd'],
    ['another directory', ({ home }) => ({ session: talked.id, cwd: home }), 'conflict', 'cwd'],
    [
      'a head that is none',
      () => ({ session: talked.id, title: 'x', expectedHead: 'old' }),
      'conflict',
      'expectedHead',
    ],
    [
      'what the agent cannot honour',
      () => ({ session: talked.id, tools: { deny: ['x'] } }),
      'unsupported',
      'tools',
    ],
    [
      'much meta',
      () => ({ session: talked.id, meta: { a: 'x'.repeat(5000) } }),
      'too_large',
      'meta',
    ],
    [
      'a variable of ours',
      () => ({ session: talked.id, env: { LD_X: '' } }),
      'invalid',
      'env.LD_X',
    ],
  ]);

  const fresh = async (given: Place, more: Fields) => ({
    session: (await given.session()).id,
    ...more,
  });
});
