import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { Transcript, unnamed } from './transcript.ts';
import { type Answer, type Ask, IngressWorld } from './world.ts';

const last = (uuid: string) => ({ 'last-uuid': uuid });

/** Several entries in one request, by the token of their session alone. */
async function open() {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const post = (lines: readonly (object | string)[], headers: Record<string, string> = {}) => {
    const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    const asked: Ask = { token, body: `${body.join('\n')}\n` };
    const type = { 'content-type': 'application/x-ndjson' };
    const path = `/v1/session_ingress/session/${id}`;
    return world.ask('POST', path, { ...asked, headers: { ...type, ...headers } });
  };
  return { world, id, token, post, transcript: new Transcript() };
}

function known({ text }: Answer): boolean[] {
  const { entries } = JSON.parse(text) as { entries: { duplicate: boolean }[] };
  return entries.map(({ duplicate }) => duplicate);
}

async function lines(world: IngressWorld, id: string): Promise<object[]> {
  const { text } = await world.ask('GET', `/v1/session_ingress/session/${id}`);
  return (JSON.parse(text) as { loglines: object[] }).loglines;
}

test('L4: many entries go one after the other, and their answers say which were known', async () => {
  const { world, id, token, post, transcript } = await open();
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((text) => transcript.user(text));
  const mode = unnamed();
  const first = await world.put(id, JSON.stringify(a), { token });
  expect(first.headers['accept-post']).toBe('application/x-ndjson');
  const stored = await post([b!, mode, c!], last(a!.uuid!));
  expect([stored.status, stored.headers['x-last-uuid']]).toEqual([201, c!.uuid]);
  expect(known(stored)).toEqual([false, false, false]);
  const again = await post([b!, mode, c!], last(a!.uuid!));
  expect([again.status, known(again)]).toEqual([200, [true, true, true]]);
  const more = await post([b!, mode, c!, d!, d!], last(c!.uuid!));
  expect([more.status, known(more)]).toEqual([201, [true, true, true, false, true]]);
  expect(await lines(world, id)).toEqual([a, b, mode, c, d]);
});

test('L3 L8: a line that is twice in one batch is new once, and so is one that says something else', async () => {
  const { world, id, post, transcript } = await open();
  const [a, b] = ['a', 'b'].map((text) => transcript.user(text));
  const other = { ...a!, message: { role: 'user', content: 'another' } };
  const mode = unnamed();
  const first = await post([a!, a!, other, other, mode, mode, b!]);
  expect(first.status).toBe(201);
  expect(known(first)).toEqual([false, true, true, true, false, true, false]);
  const { entries } = JSON.parse(first.text) as { entries: { id: string; seq: number }[] };
  expect(entries.map(({ id: one }) => entries.findIndex((each) => each.id === one))).toEqual([
    0, 0, 2, 2, 4, 4, 6,
  ]);
  expect(entries.every(({ seq }) => seq > 0)).toBe(true);
  expect(await lines(world, id)).toEqual([a, mode, b]);
});

test('L4 L5: a batch is stored whole or not at all', async () => {
  const { world, id, post, transcript } = await open();
  const [a, b, c] = ['a', 'b', 'c'].map((text) => transcript.user(text));
  expect((await post([a!])).status).toBe(201);
  const moved = await post([b!, c!]);
  expect([moved.status, moved.headers['x-last-uuid']]).toEqual([409, a!.uuid]);
  for (const bad of ['{"uuid":', '[]', '{"uuid":"not a name"}', '']) {
    expect((await post([b!, bad, c!], last(a!.uuid!))).status).toBe(400);
  }
  expect(await lines(world, id)).toEqual([a]);
});

test('S5: a batch has its bounds and its type', async () => {
  const { post, transcript } = await open();
  const many = Array.from({ length: limits.appendEntries + 1 }, () => unnamed());
  expect((await post(many)).status).toBe(413);
  expect((await post(['x'.repeat(limits.bodyBytes)])).status).toBe(413);
  const a = transcript.user('a');
  expect((await post([a], { 'content-type': 'application/json' })).status).toBe(415);
  expect((await post([a])).status).toBe(201);
});

test('S1 L4: a batch needs what a single entry needs', async () => {
  const { world, id, post, transcript } = await open();
  const stranger = await world.token('another-session');
  const type = { 'content-type': 'application/x-ndjson' };
  const body = JSON.stringify(transcript.user('a'));
  const path = `/v1/session_ingress/session/${id}`;
  for (const token of [null, stranger]) {
    const refused = await world.ask('POST', path, { token, body, headers: type });
    expect(refused.status).toBe(401);
  }
  expect((await post([body])).status).toBe(201);
});
