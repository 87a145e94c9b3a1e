import { expect, test } from 'vitest';
import { Transcript, unnamed } from './transcript.ts';
import { IngressWorld } from './world.ts';

const last = (uuid: string) => ({ 'last-uuid': uuid });

test('L3 L4 L5: an entry is stored, known, or in conflict with the head, in this order', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const transcript = new Transcript();
  const [a, b, c] = [transcript.user('one'), transcript.assistant('two'), transcript.user('three')];
  const put = (line: object, headers: Record<string, string> = {}) =>
    world.put(id, JSON.stringify(line), { token, headers });
  const first = await put(a);
  expect([first.status, JSON.parse(first.text).head]).toEqual([201, a.uuid]);
  // A log that has a head: without the header it is not known.
  const absent = await put(b);
  expect([absent.status, absent.headers['x-last-uuid']]).toEqual([409, a.uuid]);
  expect(JSON.parse(absent.text)).toEqual({
    error: { type: 'conflict', message: expect.stringMatching(/moved on/) },
  });
  expect((await put(b, last(a.uuid!))).status).toBe(201);
  const moved = await put(c, last(a.uuid!));
  expect([moved.status, moved.headers['x-last-uuid']]).toEqual([409, b.uuid]);
  // Known entries are found before anything else is looked at.
  for (const headers of [{}, last('nonsense'), last(b.uuid!)]) {
    const again = await put(a, headers);
    expect([again.status, JSON.parse(again.text).entry.id]).toEqual([200, a.uuid]);
  }
  expect((await put(c, last(b.uuid!))).status).toBe(201);
  const log = await world.bench.log(id);
  expect(log.filter(({ kind }) => kind === 'native').map((entry) => entry.id)).toEqual([
    a.uuid,
    b.uuid,
    c.uuid,
  ]);
});

test('L5: a head that is claimed of an empty log is in conflict, and what is told instead is nothing', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const line = JSON.stringify(new Transcript().user('one'));
  const refused = await world.put(id, line, { token, headers: last('somewhere') });
  expect([refused.status, refused.headers['x-last-uuid']]).toEqual([409, '']);
  // Nothing was made of it.
  expect((await world.ask('GET', `/v1/session_ingress/session/${id}`)).status).toBe(404);
});

test('L3 L5: an entry without a uuid moves no head, and the same bytes on the same head are one', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const transcript = new Transcript();
  const a = transcript.user('one');
  const put = (line: object, headers: Record<string, string> = {}) =>
    world.put(id, JSON.stringify(line), { token, headers });
  const status = async (line: object, headers: Record<string, string> = {}) =>
    (await put(line, headers)).status;
  // On an empty log, too: and then it has no head still.
  expect([await status(unnamed()), await status(unnamed()), await status(a)]).toEqual([
    201, 200, 201,
  ]);
  const at = last(a.uuid!);
  expect(await status(unnamed(), at)).toBe(201);
  expect(await status(unnamed(), at)).toBe(200);
  expect(await status(unnamed('plan'), at)).toBe(201);
  const other = await put(unnamed('third'));
  expect([other.status, other.headers['x-last-uuid']]).toEqual([409, a.uuid]);
  const { session } = await world.client.sessions.get({ session: id });
  expect(session.head).toBe(a.uuid);
  const natives = await world.bench.of(id, 'native');
  expect(natives.map(({ parentId }) => parentId !== undefined)).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

test('L3 L8: a uuid with other content is answered as known; what it says is kept off the tree', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const transcript = new Transcript();
  const [a, b] = [transcript.user('one'), transcript.user('two')];
  const text = JSON.stringify({ ...a, message: { role: 'user', content: 'another' } });
  await world.put(id, JSON.stringify(a), { token });
  await world.put(id, JSON.stringify(b), { token, headers: last(a.uuid!) });
  for (let again = 0; again < 2; again++) {
    const answer = await world.put(id, text, { token, headers: last('stale') });
    expect([answer.status, JSON.parse(answer.text).head]).toEqual([200, b.uuid]);
  }
  const natives = await world.bench.of(id, 'native');
  expect(natives).toHaveLength(3);
  expect(natives[2]).toMatchObject({ about: a.uuid, data: { line: text, differs: true } });
  expect(natives[2]!.parentId).toBeUndefined();
  const read = await world.ask('GET', `/v1/session_ingress/session/${id}`);
  expect(JSON.parse(read.text)).toEqual({ loglines: [a, b] });
});

test('L3 L4: of many writers at once with the same entry one stores it, and all are told that it is there', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const transcript = new Transcript();
  const a = JSON.stringify(transcript.user('one'));
  const call = transcript.calls('toolu_1', 'Bash', { command: 'ls' });
  const first = await Promise.all(Array.from({ length: 20 }, () => world.put(id, a, { token })));
  const statuses = first.map(({ status }) => status).toSorted((one, two) => one - two);
  expect(statuses).toEqual([...Array(19).fill(200), 201]);
  // One that does not wait for answers knows its own heads.
  const head = last(JSON.parse(a).uuid);
  const result = transcript.result('toolu_1', 'files');
  const piped = await Promise.all([
    world.put(id, JSON.stringify(call), { token, headers: head }),
    world.put(id, JSON.stringify(result), { token, headers: last(call.uuid!) }),
  ]);
  expect(piped[0].status).toBe(201);
  expect([201, 409]).toContain(piped[1].status);
  const other = { ...call, more: 1 };
  const contrary = await Promise.all([
    world.put(id, JSON.stringify(other), { token }),
    world.put(id, JSON.stringify(other), { token }),
  ]);
  expect(contrary.map(({ status }) => status)).toEqual([200, 200]);
  expect((await world.bench.of(id, 'native')).filter(({ data }) => data.differs)).toHaveLength(1);
  expect(await world.client.server.check()).toEqual({ faults: [], more: 0 });
});

test('L8 L11: messages, calls, results, compactions and what a session is called are shown as what they are', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  const transcript = new Transcript();
  const lines = [
    transcript.user('List the files'),
    transcript.assistant('I look.'),
    transcript.calls('toolu_1', 'Bash', { command: 'ls', description: 'List' }),
    transcript.result('toolu_1', 'a.txt'),
    { type: 'ai-title', aiTitle: 'Files', sessionId: 'x' },
    transcript.boundary(),
    transcript.summary('Files were listed.'),
    transcript.user('Go on'),
  ];
  for (const line of lines) expect(await writer.append(id, line)).toBe('stored');
  const { session } = await world.client.sessions.get({ session: id });
  expect(session).toMatchObject({
    agent: 'claude',
    title: 'Files',
    originCwd: '/home/somebody/work',
    cwd: '',
    status: 'idle',
    writer: { state: 'external', epoch: 1 },
    lastMessage: 'I look.',
  });
  const log = await world.bench.log(id);
  const shown = log.filter(({ kind }) => !['settings', 'owner', 'native', 'usage'].includes(kind));
  expect(shown).toMatchObject([
    { kind: 'delivery', data: { content: [{ text: 'List the files' }] } },
    { kind: 'message', data: { content: [{ text: 'I look.' }] } },
    { kind: 'tool_call', data: { call: 'toolu_1', kind: 'execute', status: 'in_progress' } },
    { kind: 'tool_call', data: { status: 'completed', input: { command: 'ls' } } },
    { kind: 'compaction', data: { summary: 'Files were listed.' } },
    { kind: 'delivery', data: { content: [{ text: 'Go on' }] } },
  ]);
  expect(shown[3]!.about).toBe(shown[2]!.id);
  expect(log.filter(({ kind }) => kind === 'usage')).toHaveLength(2);
  expect(await world.client.server.check()).toEqual({ faults: [], more: 0 });
});

test('L8 L11: what is written is listed, watched, previewed, forked, exported and imported like any other', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  const transcript = new Transcript();
  const [a, b] = [transcript.user('Find the word'), transcript.assistant('It is apple.')];
  await writer.append(id, a);
  const watch = await world.bench.watch(id);
  await writer.append(id, b);
  await watch.until(() => watch.entries.some((entry) => entry.id === b.uuid));
  const { sessions } = await world.client.sessions.list({ text: 'find the' });
  expect(sessions.map((row) => row.id)).toEqual([id]);
  const { previews } = await world.client.sessions.preview({ sessions: [id] });
  expect(previews[0]!.items.map(({ text }) => text)).toEqual(['Find the word', 'It is apple.']);
  const fork = await world.client.sessions.fork({ session: id, agent: 'plain', cwd: '/work' });
  expect(fork.fidelity).toBe('primed');
  const file = await new Response(await world.client.sessions.export({ session: id })).text();
  const other = await IngressWorld.open();
  await other.client.sessions.import(file);
  expect(await other.bench.log(id)).toEqual(await world.bench.log(id));
  const read = await other.ask('GET', `/v1/session_ingress/session/${id}`);
  expect(JSON.parse(read.text)).toEqual({ loglines: [a, b] });
});

test('L3 L5: an entry without a uuid that says something moves no head either, and comes again on another one', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const transcript = new Transcript();
  const [a, b, c] = [transcript.user('one'), transcript.assistant('two'), transcript.user('three')];
  const usage = { input_tokens: 3, output_tokens: 4 };
  const message = { id: 'm', model: 'x', content: [{ type: 'text', text: 'hm' }], usage };
  const nameless = { type: 'assistant', message };
  const put = async (line: object, headers: Record<string, string> = {}) =>
    (await world.put(id, JSON.stringify(line), { token, headers })).status;
  expect(await put(a)).toBe(201);
  expect(await put(nameless, last(a.uuid!))).toBe(201);
  expect(await put(b, last(a.uuid!))).toBe(201);
  // The same bytes, at another place.
  expect(await put(nameless, last(b.uuid!))).toBe(201);
  expect(await put(nameless, last(b.uuid!))).toBe(200);
  expect(await put(c, last(b.uuid!))).toBe(201);
  const { session } = await world.client.sessions.get({ session: id });
  const log = await world.bench.log(id);
  expect([session.head, session.lastSeq]).toEqual([c.uuid, log.length]);
});

test('S5 V6: one line shows so much and no more, and what it says of the session is bounded', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const content = Array.from({ length: 5000 }, () => ({ type: 'text', text: 'z' }));
  const line = { ...new Transcript().assistant('x'), cwd: 'd'.repeat(10_000) };
  const text = JSON.stringify({ ...line, message: { role: 'assistant', content } });
  expect((await world.put(id, text, { token })).status).toBe(201);
  expect(await world.bench.of(id, 'message')).toHaveLength(1000);
  const { session } = await world.client.sessions.get({ session: id });
  expect(session.originCwd).toBeNull();
});
