import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Http } from './http.ts';
import { faultsOf } from './judge.ts';
import { newId, Place, textOf } from './place.ts';
import { type Answers, type Fields, refusal, Refused } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.withClaude();
});
afterAll(() => place.close());

type Blob = Answers['blobs.put'];
const bytesType = 'application/octet-stream';
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const blobOf = (bytes: Buffer): Blob => ({ digest: digestOf(bytes), size: bytes.length });

async function put(http: Http, bytes: Buffer, query = ''): Promise<Blob> {
  const { status, text } = await http.post(`/v1/blobs.put${query}`, bytes, bytesType);
  const answer = JSON.parse(text) as Blob & { error: ConstructorParameters<typeof Refused>[0] };
  if (status !== 200) throw new Refused(answer.error);
  return answer;
}

/** A prompt that asks what bytes came along. */
const looking = (blob: Blob): Fields[] => [
  { type: 'text', text: '[[look]]' },
  { type: 'image', mimeType: 'image/png', blob },
];
const seen = ({ digest, size }: Blob): string => `image ${digest} ${size}`;

async function session(): Promise<string> {
  return (await place.session({ agent: 'claude', model: null })).id;
}

/** What the agent said in the end. */
async function said(id: string): Promise<string[]> {
  await place.watcher.rest(id);
  const log = await place.log(id);
  expect(faultsOf(log)).toEqual([]);
  return log.filter(({ kind }) => kind === 'message').map(textOf);
}

/** Files of blobs whose write was not finished. */
const drafts = (): string[] =>
  readdirSync(path.join(place.state, 'blobs')).filter((name) => name.startsWith('draft-'));

describe('blobs.put', () => {
  test('L1 P1: keeps bytes that a prompt names; the agent gets them whole, the log names them', async () => {
    const bytes = randomBytes(5 * 1024 * 1024);
    const blob = await put(place.http, bytes, `?digest=${digestOf(bytes)}`);
    expect(blob).toEqual(blobOf(bytes));
    const [sent, made] = [await session(), newId()];
    await place.http.call('sessions.send', { session: sent, content: looking(blob) });
    expect(await said(sent)).toEqual([seen(blob)]);
    const create = { id: made, cwd: place.cwd, agent: 'claude', prompt: looking(blob) };
    await place.socket.call('sessions.create', create);
    expect(await said(made)).toEqual([seen(blob)]);
    const prompt = (await place.log(sent)).find(({ kind }) => kind === 'prompt')!;
    expect(prompt.data.content).toEqual(looking(blob));
    const part = await place.http.call('blobs.get', { session: sent, digest: blob.digest });
    expect(part.size).toBe(bytes.length);
    expect(bytes.indexOf(Buffer.from(part.base64, 'base64'))).toBe(0);
  });

  test('P2: a prompt that waits is given another content with a blob', async () => {
    const blob = await put(place.http, randomBytes(100_000));
    const id = await session();
    await place.http.call('sessions.send', { session: id, content: '[[say one]] [[wait]]' });
    await place.watcher.until('work', id, ({ status }) => status === 'working');
    const { entry } = await place.http.call('sessions.send', { session: id, content: 'later' });
    const edit = { session: id, prompt: entry.id, content: looking(blob) };
    expect((await place.socket.call('queue.edit', edit)).item.edited).toBe(true);
    await place.http.call('sessions.abort', { session: id, wait: true });
    await place.http.call('queue.release', { session: id });
    expect(await said(id)).toEqual(['one', seen(blob)]);
  });

  test('L3: the same by many at once is one blob, and each may name it', async () => {
    const bytes = randomBytes(300_000);
    const blobs = await Promise.all(Array.from({ length: 12 }, () => put(place.http, bytes)));
    expect(new Set(blobs.map(({ digest }) => digest))).toEqual(new Set([digestOf(bytes)]));
    const ids = await Promise.all(blobs.map(() => session()));
    await Promise.all(
      ids.map((id, at) => {
        const input = { session: id, content: looking(blobs[at]!) };
        return place.http.call('sessions.send', input);
      }),
    );
    for (const id of ids) expect(await said(id)).toEqual([seen(blobs[0]!)]);
    expect(drafts()).toEqual([]);
  });

  test('L1 R7: what was answered is there after a kill; what was cut off leaves nothing and is put again', async () => {
    const [kept, cut] = [randomBytes(200_000), randomBytes(8 * 1024 * 1024)];
    const blob = await put(place.http, kept);
    const lost = put(place.http, cut).catch(({ code }: NodeJS.ErrnoException) => code);
    await place.daemon.kill();
    expect(['ECONNRESET', 'EPIPE', 'ECONNREFUSED']).toContain(await lost);
    await place.restarted();
    expect(drafts()).toEqual([]);
    const id = await session();
    await place.http.call('sessions.send', { session: id, content: looking(blob) });
    expect(await said(id)).toEqual([seen(blob)]);
    const refused = place.http.call('sessions.send', {
      session: id,
      content: looking(blobOf(cut)),
    });
    expect(await refusal(refused)).toMatchObject({ code: 'not_found', field: 'content.1.blob' });
    const again = await put(place.http, cut);
    await place.http.call('sessions.send', { session: id, content: looking(again) });
    expect(await said(id)).toEqual([seen(blob), seen(again)]);
    expect(await place.http.call('server.check')).toEqual({ faults: [], more: 0 });
  });

  test('S1: refuses to tell who is bound to a session what another one has', async () => {
    const blob = await put(place.http, randomBytes(1000));
    const [theirs, mine] = [await session(), await session()];
    await place.http.call('sessions.send', { session: theirs, content: looking(blob) });
    await said(theirs);
    const token = await place.http.call('tokens.create', {
      name: 'bound',
      scopes: ['view', 'drive'],
      sessions: [mine],
    });
    const http = new Http(place.daemon.url, token.secret);
    const unknown = blobOf(randomBytes(1000));
    const told = [];
    for (const one of [blob, unknown]) {
      const sent = http.call('sessions.send', { session: mine, content: looking(one) });
      const { code, field, message } = await refusal(sent);
      told.push({ code, field, message });
    }
    expect(told[0]).toEqual(told[1]);
    expect(told[0]).toMatchObject({ code: 'not_found', field: 'content.1.blob' });
    http.close();
  });

  test('S5: refuses another digest, another type, too much, and to be asked over a WebSocket', async () => {
    const bytes = randomBytes(10);
    const wrong = put(place.http, bytes, `?digest=${'0'.repeat(64)}`);
    expect(await refusal(wrong)).toMatchObject({ code: 'invalid', field: 'digest' });
    const typed = await place.http.post('/v1/blobs.put', bytes);
    expect(typed.status).toBe(415);
    const { limits } = await place.http.call('server.info');
    const large = put(place.http, Buffer.alloc(limits['blobBytes']! + 1));
    expect(await refusal(large)).toMatchObject({ code: 'too_large' });
    const over = await refusal(place.socket.call('blobs.put', {}));
    expect(over.code).toBe('unsupported');
    expect(over.message).toContain('POST /v1/blobs.put');
    expect(drafts()).toEqual([]);
  });
});
