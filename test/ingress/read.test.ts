import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Line } from './ingress-client.ts';
import { Transcript, unnamed } from './transcript.ts';
import { type Answer, IngressWorld } from './world.ts';

const linesPath = (id: string) => `/v1/session_ingress/session/${id}`;
const eventsPath = (id: string) => `/v1/code/sessions/${id}/teleport-events`;

interface Event {
  event_id: string;
  event_type: string;
  is_compaction: boolean;
  payload: Line | null;
  created_at: string;
}
interface Page {
  data: Event[];
  next_cursor?: string;
}

async function lines(world: IngressWorld, id: string, query = ''): Promise<Line[]> {
  const answer = await world.ask('GET', `${linesPath(id)}${query}`);
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { loglines: Line[] }).loglines;
}

async function page(world: IngressWorld, id: string, query = ''): Promise<Page> {
  const answer = await world.ask('GET', `${eventsPath(id)}${query}`);
  expect(answer.status).toBe(200);
  return JSON.parse(answer.text) as Page;
}

async function allEvents(world: IngressWorld, id: string, limit: number): Promise<Event[]> {
  const events: Event[] = [];
  let cursor = '';
  for (;;) {
    const { data, next_cursor: next } = await page(world, id, `?limit=${limit}${cursor}`);
    events.push(...data);
    if (next === undefined) return events;
    expect(data).toHaveLength(limit);
    expect(next).not.toBe('');
    cursor = `&cursor=${next}`;
  }
}

const failure = ({ status, text }: Answer) => [status, JSON.parse(text).error.type];

test('L6: events come in pages that always advance, and the last one says nothing of a next', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  const transcript = new Transcript();
  const written = [...Array(12).keys()].map((at) => transcript.user(`Prompt ${at}`));
  for (const line of written) await writer.append(id, line);
  for (const limit of [1, 5, 6, 12, 13]) {
    const events = await allEvents(world, id, limit);
    expect(events.map(({ payload }) => payload)).toEqual(written);
  }
  const { data } = await page(world, id);
  expect(data[0]).toEqual({
    event_id: written[0]!.uuid,
    event_type: 'native',
    is_compaction: false,
    payload: written[0],
    created_at: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect((await page(world, id, '?limit=5000')).data).toHaveLength(12);
  // What is written between two pages comes in the next one.
  const { next_cursor: next } = await page(world, id, '?limit=10');
  const late = transcript.user('late');
  await writer.append(id, late);
  const rest = await page(world, id, `?limit=10&cursor=${next}`);
  expect(rest.data.map(({ payload }) => payload)).toEqual([...written.slice(10), late]);
  expect(rest.next_cursor).toBeUndefined();
  for (const query of ['?limit=0', '?limit=x', '?limit=-1', '?cursor=', '?cursor=..', '?other=1']) {
    expect(failure(await world.ask('GET', `${eventsPath(id)}${query}`))).toEqual([400, 'invalid']);
  }
});

test('L7: readers begin at the last compaction where they ask for that', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  const transcript = new Transcript();
  const before = [transcript.user('one'), transcript.assistant('two')];
  const first = [transcript.boundary(), transcript.summary('Once.'), transcript.user('three')];
  const second = [transcript.boundary(), transcript.summary('Twice.'), transcript.user('four')];
  for (const line of before) await writer.append(id, line);
  expect(await lines(world, id, '?after_last_compact=true')).toEqual(before);
  for (const line of [...first, ...second]) await writer.append(id, line);
  expect(await lines(world, id)).toEqual([...before, ...first, ...second]);
  for (const query of ['?after_last_compact=true', '?after_last_compaction=true']) {
    expect(await lines(world, id, query)).toEqual(second);
  }
  expect(await lines(world, id, '?after_last_compact=false')).toHaveLength(8);
  const marks = (await page(world, id)).data.map((event) => event.is_compaction);
  expect(marks).toEqual([false, false, true, false, false, true, false, false]);
  // What a sub-agent forgets is no end for the others.
  const aside = transcript.boundary({ isSidechain: true, agentId: 'a1' });
  await writer.append(id, aside);
  expect(await lines(world, id, '?after_last_compact=true')).toEqual([...second, aside]);
  const odd = await world.ask('GET', `${linesPath(id)}?after_last_compact=maybe`);
  expect(failure(odd)).toEqual([400, 'invalid']);
});

test('L8 L11: every line comes back to the byte, however large it is', async () => {
  const world = await IngressWorld.open();
  const { id, token, writer } = await world.log();
  const transcript = new Transcript();
  const sizes = [10, 32_700, 33_000, 70_000, 900_000, 3_000_000];
  const texts = sizes.map((size) => `${'ä😀\\u00e4 "'.repeat(size / 8)}`);
  const written = texts.map((text) => transcript.user(text));
  for (const line of written) expect(await writer.append(id, line)).toBe('stored');
  const { text } = await world.ask('GET', linesPath(id));
  const expected = written.map((line) => JSON.stringify(line));
  const hash = (whole: string) => createHash('sha256').update(whole).digest('hex');
  expect(hash(text)).toBe(hash(`{"loglines":[${expected.join(',')}]}`));
  const { data } = await page(world, id);
  expect(data.map(({ payload }) => hash(JSON.stringify(payload)))).toEqual(expected.map(hash));
  // As it was written: spaces, numbers and escapes too.
  const odd = ` {"uuid" : "odd", "n": 1e400, "m": 0.10, "b":12345678901234567890123, "a":1, "a":2,\t"s":"\\ud800\\/"}\r\n`;
  const headers = { 'last-uuid': written.at(-1)!.uuid! };
  expect((await world.put(id, odd, { token, headers })).status).toBe(201);
  expect((await world.put(id, odd, { token })).status).toBe(200);
  const again = await world.ask('GET', linesPath(id));
  expect(again.text.endsWith(`,${odd}]}`)).toBe(true);
});

test('L8: a session that was run here is read as entries made from ours, all else as events without', async () => {
  const world = await IngressWorld.open(async (turn) => {
    turn.say('I am done.');
  });
  const { session } = await world.client.sessions.create({
    agent: 'plain',
    cwd: '/work',
    prompt: `Read ${'this '.repeat(20_000)}`,
  });
  const run = (await world.client.runs.list({ session: session.id })).runs[0];
  await world.bench.engine.send(
    session.id,
    {
      content: [{ type: 'text', text: 'again' }],
      delivery: 'queue',
      allowInterrupt: false,
    },
    { type: 'client', token: 't' },
  );
  const watch = await world.bench.watch(session.id);
  await watch.until(() => watch.entries.filter(({ kind }) => kind === 'run_ended').length === 2);
  expect(run).toBeDefined();
  const read = await lines(world, session.id);
  expect(read).toMatchObject([
    { type: 'user', parentUuid: null, message: { role: 'user' } },
    { type: 'assistant', message: { role: 'assistant', content: [{ text: 'I am done.' }] } },
    { type: 'user', message: { content: [{ type: 'text', text: 'again' }] } },
    { type: 'assistant' },
  ]);
  const [first] = read as unknown as [{ message: { content: { text: string }[] } }];
  expect(first.message.content[0]!.text).toHaveLength('Read '.length + 100_000);
  expect(read.map(({ parentUuid }) => parentUuid).slice(1)).toEqual(
    read.map(({ uuid }) => uuid).slice(0, 3),
  );
  const events = await allEvents(world, session.id, 3);
  const log = await world.bench.log(session.id);
  expect(events.map((event) => [event.event_id, event.event_type])).toEqual(
    log.map(({ id, kind }) => [id, kind]),
  );
  // Also over pages, each entry follows the one before it.
  expect(events.flatMap(({ payload }) => payload ?? [])).toEqual(read);
});

test('L8 L11: a session that was run here by an agent that tells its own lines is read as those', async () => {
  const transcript = new Transcript();
  const told = [transcript.user('Hello'), transcript.assistant('Hi.'), unnamed()];
  const native = (line: object, more: object = {}) => ({
    type: 'native',
    line: { format: 'claude', session: 'n1', file: '', line: JSON.stringify(line), ...more },
  });
  const world = await IngressWorld.open((turn) => {
    turn.say('Hi.');
    for (const line of told) turn.print(native(line));
    turn.print(native(transcript.user('aside'), { file: 'subagents/agent-a1' }));
    turn.print(native(transcript.user('of another agent'), { format: 'other' }));
    for (const line of told) turn.print(native(line, { differs: true }));
    turn.print(native(transcript.boundary(), { boundary: true }));
  });
  const input = { agent: 'plain', cwd: '/work', prompt: 'Hello' };
  const { id } = (await world.client.sessions.create(input)).session;
  const watch = await world.bench.watch(id);
  await watch.until(() => watch.entries.some(({ kind }) => kind === 'run_ended'));
  const read = await lines(world, id);
  expect(read.slice(0, 3)).toEqual(told);
  expect(read).toHaveLength(4);
  expect(await lines(world, id, '?after_last_compact=true')).toEqual(read.slice(3));
  const events = await allEvents(world, id, 2);
  expect(events.map(({ payload }) => payload)).toEqual(read);
  expect(events.map((event) => event.is_compaction)).toEqual([false, false, false, true]);
  // A new conversation in the same log begins behind all of them.
  await world.client.sessions.reset({ session: id });
  expect(await lines(world, id, '?after_last_compact=true')).toEqual([]);
  expect(await lines(world, id)).toEqual(read);
});

test('L7: a fork is read with what it was forked from, up to there', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  const transcript = new Transcript();
  const written = [...Array(6).keys()].map((at) => transcript.user(`Prompt ${at}`));
  for (const line of written) await writer.append(id, line);
  const at = written[3]!.uuid!;
  const { session } = await world.client.sessions.fork({
    session: id,
    at,
    agent: 'plain',
    cwd: '/w',
  });
  expect(await lines(world, session.id)).toEqual(written.slice(0, 4));
  const events = await allEvents(world, session.id, 2);
  expect(events.flatMap(({ payload }) => payload ?? [])).toEqual(written.slice(0, 4));
  expect(events.at(-1)).toMatchObject({ event_type: 'settings', payload: null });
});

test('L7 S1 S5: what is not there, deleted, purged or not to be seen is told in the same words', async () => {
  const world = await IngressWorld.open();
  const { id, token, writer } = await world.log();
  const { id: other, token: others } = await world.log();
  const line = new Transcript().user('one');
  await writer.append(id, line);
  for (const path of [linesPath, eventsPath]) {
    expect(failure(await world.ask('GET', path('nowhere')))).toEqual([404, 'not_found']);
    expect(failure(await world.ask('GET', path(id), { token: others }))).toEqual([
      404,
      'not_found',
    ]);
    expect(failure(await world.ask('GET', path(id), { token: null }))).toEqual([
      401,
      'unauthenticated',
    ]);
    expect(failure(await world.ask('DELETE', path(id)))).toEqual([405, 'unsupported']);
    expect((await world.ask('GET', path(id), { token })).status).toBe(200);
    const reader = await world.token(id, { scopes: ['view'] });
    expect((await world.ask('GET', path(id), { token: reader })).status).toBe(200);
    const asker = await world.token(null, { scopes: ['approve'] });
    expect((await world.ask('GET', path(id), { token: asker })).status).toBe(200);
  }
  await world.client.sessions.delete({ session: id });
  for (const path of [linesPath, eventsPath]) {
    expect(failure(await world.ask('GET', path(id)))).toEqual([404, 'not_found']);
  }
  const next = JSON.stringify(new Transcript().user('two'));
  expect(failure(await world.put(id, next, { token }))).toEqual([404, 'not_found']);
  await world.client.sessions.delete({ session: id, purge: true });
  for (const path of [linesPath, eventsPath]) {
    expect(failure(await world.ask('GET', path(id)))).toEqual([404, 'not_found']);
  }
  expect(failure(await world.put(id, next, { token }))).toEqual([404, 'id_reused']);
  expect(failure(await world.ask('GET', eventsPath(other)))).toEqual([404, 'not_found']);
  expect(world.logged).toEqual([]);
});

test('S1: the line that a sub-agent keeps in a file of its own is in the log, and not in the transcript', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  const transcript = new Transcript();
  const main = transcript.user('main');
  await writer.append(id, main);
  const text = JSON.stringify(new Transcript().user('side', { isSidechain: true, agentId: 'a1' }));
  const by = { type: 'client', token: 't' } as const;
  const given = { format: 'claude', lines: [{ text, file: 'subagents/agent-a1.jsonl' }] };
  await world.bench.engine.logs.appendLines(id, given, by);
  await writer.append(id, unnamed());
  expect(await lines(world, id)).toEqual([main, unnamed()]);
  expect((await page(world, id)).data.map(({ payload }) => payload)).toEqual([main, unnamed()]);
  expect(await world.bench.of(id, 'native')).toHaveLength(3);
});
