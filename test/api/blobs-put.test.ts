import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { LogWorld } from './log-world.ts';

const digestOf = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');
const refusedAs = (code: string, field?: string) => ({
  refusal: { code, ...(field === undefined ? {} : { field }) },
});

async function* pieces(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 65_536) {
    yield await Promise.resolve(new Uint8Array(Math.min(left, 65_536)));
  }
}

/** A world whose agent says what it was told; the turn of the prompt `wait` ends with `go`. */
async function opened(): Promise<{ world: LogWorld; heard: string[]; go: () => void }> {
  const heard: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const world = await LogWorld.open(async (turn) => {
    heard.push(turn.text);
    turn.say('heard');
    if (turn.text === 'wait') await promise;
  });
  return { world, heard, go: resolve };
}

test('L1 P1: a prompt names what was put; its agent gets it whole, its entry has the preview', async () => {
  const { world, heard } = await opened();
  const text = `ü${'word '.repeat(30_000)}`;
  const blob = await world.client.blobs.put(text);
  expect(blob).toEqual({ digest: digestOf(text), size: Buffer.byteLength(text) });
  const session = await world.bench.session();
  const watch = await world.bench.watch(session);
  const content = [{ type: 'text' as const, blob }];
  const sent = await world.client.sessions.send({ session, id: 'p', content });
  await watch.entry('run_ended');
  expect(heard).toEqual([text]);
  const { entries } = await world.client.sessions.history({ session, kinds: ['prompt'] });
  expect(entries[0]?.data).toMatchObject({
    content: [{ type: 'text', text: text.slice(0, limits.previewChars), blob }],
  });
  const again = await world.client.sessions.send({ session, id: 'p', content });
  expect(again).toMatchObject({ duplicate: true, entry: sent.entry });
  const part = await world.client.blobs.get({ session, digest: blob.digest, maxBytes: 10 });
  expect(Buffer.from(part.base64, 'base64').toString()).toBe(text.slice(0, 9));
});

test('P1 P2: create, fork and queue.edit take blobs as send does', async () => {
  const { world, heard, go } = await opened();
  const { client, bench } = world;
  const blob = await client.blobs.put('in a blob');
  const content = [{ type: 'text' as const, blob }];
  const made = await client.sessions.create({ id: 'made', cwd: '/work', prompt: content });
  const watch = await bench.watch('made');
  await watch.entry('run_ended');
  expect(made.prompt?.state).toBe('starting');
  const forked = { session: 'made', id: 'forked', prompt: content };
  await client.sessions.fork(forked);
  await (await bench.watch('forked')).entry('run_ended');
  const busy = await bench.session('wait');
  const ends = await bench.watch(busy);
  await ends.entry('delivery');
  await client.sessions.send({ session: busy, id: 'q', content: 'first' });
  const { item } = await client.queue.edit({ session: busy, prompt: 'q', content });
  expect(item).toMatchObject({ edited: true, content: [{ text: 'in a blob', blob }] });
  go();
  await expect.poll(() => heard.length).toBe(4);
  expect(heard.map((text) => text.slice(-9))).toEqual([
    'in a blob',
    'in a blob',
    'wait',
    'in a blob',
  ]);
});

test('P3 R7: a prompt that waits is given whole after a restart, when nothing else keeps its blob', async () => {
  const { world, heard, go } = await opened();
  const { bench, client } = world;
  const blob = await client.blobs.put('in a blob');
  const session = await bench.session('wait');
  await (await bench.watch(session)).entry('delivery');
  const sent = await client.sessions.send({ session, content: [{ type: 'text', blob }] });
  expect(sent.state).toBe('queued');
  await bench.boot();
  go();
  await expect.poll(() => heard).toEqual(['wait', 'in a blob']);
});

test('S1: who is bound to sessions names what it has put itself or its sessions name, and learns of nothing else', async () => {
  const { world } = await opened();
  const { bench, client } = world;
  const [mine, other] = [await bench.session(), await bench.session()];
  const secret = await client.blobs.put('what the other session has');
  await client.sessions.send({ session: other, content: [{ type: 'text', blob: secret }] });
  await (await bench.watch(other)).entry('run_ended');
  const bound = await world.clientWith(['drive', 'view'], { sessions: [mine] });
  const image = (blob: { digest: string; size: number }) => ({
    session: mine,
    content: [{ type: 'image' as const, mimeType: 'image/png', blob }],
  });
  const unknown = { digest: digestOf('nothing'), size: 3 };
  const refusals = [];
  for (const blob of [secret, { ...secret, size: 3 }, unknown]) {
    const refused = await bound.sessions.send(image(blob)).catch((error: unknown) => error);
    expect(refused).toMatchObject(refusedAs('not_found', 'content.0.blob'));
    refusals.push((refused as Error).message);
  }
  expect(new Set(refusals).size).toBe(1);
  await expect(bound.blobs.get({ session: mine, digest: secret.digest })).rejects.toMatchObject(
    refusedAs('not_found', 'digest'),
  );
  // Who has the bytes gets the same answer whether or not they were there.
  expect(await bound.blobs.put('what the other session has')).toEqual(secret);
  expect(await bound.sessions.send(image(secret))).toMatchObject({ duplicate: false });
  const viewer = await world.clientWith(['view']);
  await expect(viewer.blobs.put('x')).rejects.toMatchObject(refusedAs('forbidden'));
});

test('S5: what a prompt names has to be there, as large as it says, and not too much', async () => {
  const { world } = await opened();
  const { client, bench } = world;
  const session = await bench.session();
  const send = (block: object, more: readonly object[] = []) =>
    client.sessions.send({ session, content: [block, ...more] as never });
  const blob = await client.blobs.put(new Blob([new Uint8Array([0xff, 0xfe, 0x00])]));
  const cases: readonly [object, string, string][] = [
    [
      { type: 'image', mimeType: 'image/png', blob: { ...blob, size: 4 } },
      'invalid',
      'content.0.blob',
    ],
    [{ type: 'text', blob }, 'invalid', 'content'],
    [{ type: 'text', text: 'x', blob }, 'invalid', 'content.0.text'],
    [{ type: 'audio', mimeType: 'audio/wav' }, 'invalid', 'content.0.data'],
    [
      { type: 'image', mimeType: 'image/png', blob: { digest: 'X', size: 1 } },
      'invalid',
      'content.0.blob.digest',
    ],
  ];
  for (const [block, code, field] of cases) {
    await expect(send(block), JSON.stringify(block)).rejects.toMatchObject(refusedAs(code, field));
  }
  const large = await client.blobs.put(pieces(limits.promptBlobBytes));
  const image = { type: 'image', mimeType: 'image/png' };
  await expect(send({ ...image, blob: large }, [{ ...image, blob }])).rejects.toMatchObject(
    refusedAs('too_large', 'content'),
  );
  expect((await client.sessions.get({ session })).session.lastSeq).toBe(1);
  expect(await send({ type: 'audio', mimeType: 'audio/wav', blob })).toMatchObject({
    state: 'starting',
  });
});

test('S1: a producer that is bound to a session names no blob of another one', async () => {
  const { world } = await opened();
  const { client, bench } = world;
  const [own, other] = [await bench.session(), await bench.session()];
  const blob = await client.blobs.put('of the other');
  await client.sessions.send({ session: other, content: [{ type: 'text', blob }] });
  const bound = await world.clientWith(['manage'], { sessions: [own] });
  const append = (
    by: typeof bound,
    raw: { deep: { [name: string]: string | number | typeof blob }[] },
  ) => by.sessions.append({ session: own, entries: [{ raw }] });
  await expect(append(bound, { deep: [{ blob }] })).rejects.toMatchObject(
    refusedAs('not_found', 'entries.0.raw'),
  );
  const none = { deep: [{ digest: 'x', size: 1 }] };
  expect((await append(bound, none)).entries).toHaveLength(1);
  // Named by who may, it is the session's.
  await append(await world.clientWith(['manage']), { deep: [{ blob }] });
  expect((await append(bound, { deep: [{ blob }] })).entries).toHaveLength(1);
});

test('S2 S5: takes bytes alone, by POST and with a token, whole, as large as allowed and as they were said to be', async () => {
  const { world } = await opened();
  const { client } = world;
  await expect(client.blobs.put('a', { digest: digestOf('b') })).rejects.toMatchObject(
    refusedAs('invalid', 'digest'),
  );
  expect(await client.blobs.put('', { digest: digestOf('') })).toEqual({
    digest: digestOf(''),
    size: 0,
  });
  await expect(client.blobs.put(pieces(limits.blobBytes + 1))).rejects.toMatchObject(
    refusedAs('too_large'),
  );
  expect(await client.blobs.put(pieces(limits.blobBytes))).toMatchObject({
    size: limits.blobBytes,
  });
  const authorization = `Bearer ${await world.token(['drive'])}`;
  const bytes = { 'content-type': 'application/octet-stream' };
  const ask = async (method: string, headers: Record<string, string>, query = '') => {
    const body = method === 'POST' ? { body: 'x' } : {};
    return (await fetch(`${world.url}/v1/blobs.put${query}`, { method, headers, ...body })).status;
  };
  expect(await ask('POST', bytes)).toBe(401);
  expect(await ask('GET', { ...bytes, authorization })).toBe(405);
  for (const type of ['application/json', 'text/plain', 'application/x-ndjson']) {
    expect(await ask('POST', { authorization, 'content-type': type })).toBe(415);
  }
  expect(await ask('POST', { ...bytes, authorization, 'content-encoding': 'gzip' })).toBe(415);
  const evil = { ...bytes, authorization, origin: 'https://evil.example' };
  expect(await ask('POST', evil)).toBe(403);
  expect(await ask('POST', { ...bytes, authorization }, '?token=x')).toBe(400);
  expect(await ask('POST', { ...bytes, authorization }, '?digest=abc')).toBe(400);
  expect(await ask('POST', { ...bytes, authorization })).toBe(200);
  const answer = await client
    .call('blobs.put' as 'blobs.get', {} as never)
    .catch((error: unknown) => error);
  expect(answer).toMatchObject(refusedAs('invalid', 'content-type'));
});

test('S5: one that is broken off, and many of the same at once, leave one blob and no other file', async () => {
  const { world } = await opened();
  const url = new URL(`${world.url}/v1/blobs.put`);
  const authorization = `Bearer ${await world.token(['drive'])}`;
  await new Promise<void>((resolve) => {
    const headers = { authorization, 'content-type': 'application/octet-stream' };
    const sent = request(url, { method: 'POST', headers });
    sent.on('error', () => resolve());
    sent.write(Buffer.alloc(100_000), () => sent.destroy());
    sent.on('close', () => resolve());
  });
  const puts = Array.from({ length: 8 }, () => world.client.blobs.put('the same'));
  expect(new Set((await Promise.all(puts)).map(({ digest }) => digest)).size).toBe(1);
  expect(world.logged).toEqual([]);
});
