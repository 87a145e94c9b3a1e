import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { handlers, streamHandlers } from '../../src/api/handlers.ts';
import { refusalCodes, refuse, type RefusalCode } from '../../src/domain/refusal.ts';
import { httpStatus } from '../../src/protocol/error.ts';
import { operationNames, operations, type OperationName } from '../../src/protocol/operations.ts';
import {
  approval,
  batch,
  blobMessage,
  first,
  message,
  runEnded,
  runStarted,
  state,
} from '../store/sample.ts';
import { rowNamed } from './fake-engine.ts';
import { Harness } from './harness.ts';

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.open();
  const row = rowNamed('s1', { label: 'twin' });
  const other = rowNamed('s2', { label: 'twin' });
  await harness.store.append([
    batch(
      's1',
      [
        runStarted('e1', 'r1'),
        message('e2', null, 'hello', { runId: 'r1' }),
        runEnded('e3', 'r1'),
        approval('a1'),
      ],
      { ...first, state: state({ row: JSON.stringify(row), key: row.key, label: 'twin' }) },
    ),
    batch('s2', [message('m1', null)], {
      ...first,
      state: state({ row: JSON.stringify(other), key: other.key, label: 'twin' }),
    }),
  ]);
});
afterAll(() => harness.close());

test('every operation that is no feed has a handler, and no other', () => {
  const unary = operationNames.filter((name) => operations[name].shape === 'unary');
  expect(Object.keys(handlers).toSorted()).toEqual(unary.toSorted());
  const streams = operationNames.filter((name) => operations[name].shape.endsWith('load'));
  expect(Object.keys(streamHandlers).toSorted()).toEqual(streams.toSorted());
});

/** One call of each operation that succeeds. */
const calls: readonly [OperationName, () => unknown][] = [
  ['agents.list', () => ({})],
  ['approvals.decide', () => ({ session: 's1', approval: 'a1', verdict: 'allow' })],
  ['approvals.list', () => ({})],
  ['hooks.list', () => ({})],
  ['logins.create', () => ({})],
  ['logins.list', () => ({})],
  ['hooks.test', () => ({ name: 'desk' })],
  ['runs.get', () => ({ session: 's1', run: 'r1' })],
  ['runs.list', () => ({ session: 'agent:scripted:s1' })],
  ['runs.raw', () => ({ session: 's1', run: 'r1' })],
  ['server.health', () => ({})],
  ['server.info', () => ({})],
  ['sessions.abort', () => ({ session: 's1' })],
  ['sessions.create', () => ({ id: 'n1', cwd: '/work', prompt: 'begin' })],
  ['sessions.get', () => ({ session: 's1' })],
  ['sessions.history', () => ({ session: 's1' })],
  ['sessions.list', () => ({ sort: 'created' })],
  ['sessions.resolve', () => ({ name: 's1' })],
  ['sessions.send', () => ({ session: 's1', content: 'go on' })],
  ['tokens.create', () => ({ name: 'phone', scopes: ['view'], ttlMs: 60_000 })],
  ['tokens.list', () => ({})],
  ['tokens.revoke', () => ({ id: 'none' })],
];

test.each(calls)('%s answers what its schema says', async (name, input) => {
  const { status, json } = await harness.call(name, input());
  expect(json.error).toBeUndefined();
  expect(status).toBe(200);
  expect(operations[name].output.safeParse(json).error?.issues).toBeUndefined();
});

test('a page of history comes as the store keeps it, in both directions', async () => {
  const { json } = await harness.call('sessions.history', { session: 's1', after: 1, limit: 2 });
  expect(json.entries.map(({ seq, id }: { seq: number; id: string }) => [seq, id])).toEqual([
    [2, 'e2'],
    [3, 'e3'],
  ]);
  expect(json).toMatchObject({
    session: 's1',
    key: 'agent:scripted:s1',
    next: 3,
    ended: 'limit',
    lastSeq: 4,
  });
  const back = await harness.call('sessions.history', { session: 's1', limit: 1 });
  expect(back.json.entries).toMatchObject([{ seq: 4, id: 'a1' }]);
});

test('a run is told with what its end said', async () => {
  const { json } = await harness.call('runs.get', { session: 's1', run: 'r1' });
  expect(json.run).toMatchObject({
    id: 'r1',
    state: 'ended',
    outcome: 'completed',
    turns: 1,
    durationMs: 1,
  });
});

test('S3: a blob is read in parts, in a session that names it', async () => {
  const ref = await harness.store.putBlob(Buffer.from('0123456789'));
  const { digest } = ref;
  harness.engine.rows.set('s3', rowNamed('s3'));
  await harness.store.append([
    batch('s3', [blobMessage('b1', null, ref)], {
      ...first,
      state: state({ row: JSON.stringify(rowNamed('s3')), key: 'agent:scripted:s3' }),
    }),
  ]);
  const part = await harness.call('blobs.get', { session: 's3', digest, offset: 2, maxBytes: 3 });
  expect(part.json).toEqual({ base64: Buffer.from('234').toString('base64'), size: 10, next: 5 });
  const end = await harness.call('blobs.get', { session: 's3', digest, offset: 99 });
  expect(end.json).toEqual({ base64: '', size: 10, next: null });
  const none = await harness.call('blobs.get', { session: 's3', digest: 'f'.repeat(64) });
  expect(none.json.error).toMatchObject({ code: 'not_found', field: 'digest' });
  const elsewhere = await harness.call('blobs.get', { session: 's1', digest });
  expect(elsewhere.json).toEqual(none.json);
});

test('a name that means several sessions is refused with the candidates', async () => {
  const { status, json } = await harness.call('sessions.resolve', { name: 'twin' });
  expect(status).toBe(409);
  expect(json.error).toMatchObject({ code: 'conflict', field: 'name' });
  expect(json.error.data.candidates.map(({ id }: { id: string }) => id).toSorted()).toEqual([
    's1',
    's2',
  ]);
  expect((await harness.call('sessions.resolve', { name: 'nobody' })).status).toBe(404);
});

test('a caller is named with its token, user and client in what it does', async () => {
  const { id, secret } = await harness.token(['drive'], { user: 'ada' });
  const headers = { 'x-turnkeep-client': 'phone/1.0' };
  await harness.call('sessions.send', { session: 's1', content: 'x' }, { token: secret, headers });
  expect(harness.engine.last?.by).toEqual({
    type: 'client',
    token: id,
    user: 'ada',
    client: 'phone/1.0',
  });
  const bad = await harness.call(
    'agents.list',
    {},
    { headers: { 'x-turnkeep-client': 'a'.repeat(101) } },
  );
  expect(bad.json.error).toMatchObject({ code: 'invalid', field: 'x-turnkeep-client' });
});

test('the server is told to end only when its answer has left', async () => {
  const own = await Harness.open();
  const { status, json } = await own.call('server.shutdown', { mode: 'detach' });
  expect(status).toBe(200);
  expect(json).toEqual({
    mode: 'detach',
    runs: [{ session: 's1', run: 'r1', outcome: 'cancelled' }],
  });
  await expect.poll(() => own.shutdowns).toEqual(['detach']);
  expect(own.engine.last).toMatchObject({ what: 'shutdown', input: 'detach' });
  await own.close();
});

describe('refusals', () => {
  test.each(refusalCodes.map((code) => [code, httpStatus[code]] as const))(
    'S5: %s has the status %i, with message, field and data',
    async (code, status) => {
      harness.engine.failure = refuse(code as RefusalCode, 'why', {
        field: 'f',
        data: { retryAfter: 2.5 },
      });
      const answer = await harness.call('sessions.send', { session: 's1', content: 'x' });
      expect(answer.status).toBe(status);
      expect(answer.json).toEqual({
        error: { code, message: 'why', field: 'f', data: { retryAfter: 2.5 } },
      });
      expect(answer.headers['retry-after']).toBe('3');
    },
  );

  test('S5: an error that is no refusal tells nothing but an id under which the log has it', async () => {
    const secret = '/home/ada/secret';
    harness.engine.failure = new TypeError(secret);
    const { status, json, text, headers } = await harness.call('sessions.send', {
      session: 's1',
      content: 'x',
    });
    expect(status).toBe(500);
    expect(json.error.code).toBe('internal');
    expect(text).not.toContain(secret);
    expect(json.error.data.request).toBe(headers['x-request-id']);
    const event = harness.logged.at(-1);
    expect(event).toMatchObject({ event: 'request.failed', request: headers['x-request-id'] });
    expect(String(event?.error)).toContain(secret);
  });

  const image = { type: 'image', mimeType: 'image/png', data: 'not base64!' };
  test.each([
    ['sessions.send', {}, 'session', /string/],
    ['sessions.send', { session: 's1' }, 'content', /string.* or .*array/],
    ['sessions.send', { session: 's1', content: '' }, 'content', /empty: give it some text/],
    [
      'sessions.send',
      { session: 's1', content: [{ type: 'text' }] },
      'content.0.text',
      /Give one of text and blob/,
    ],
    [
      'sessions.send',
      { session: 's1', content: [{ type: 'text', text: 'a' }, image] },
      'content.1.data',
      /base64/,
    ],
    ['sessions.send', { session: 's1', content: 'x', delivry: 'queue' }, 'delivry', /delivery\?/],
    ['sessions.send', { session: 's1', content: 'x', delivery: 'now' }, 'delivery', /"queue"/],
    ['sessions.send', { session: 's1', content: 'x', timeoutMs: 1 }, 'timeoutMs', />=1000/],
    ['sessions.list', { limit: 1000 }, 'limit', /<=200/],
    ['sessions.list', { status: ['busy'] }, 'status.0', /"idle"/],
    ['sessions.list', { cursor: 'zzz' }, 'cursor', /cursor/],
    ['sessions.history', { session: 's1', after: 1, before: 3 }, 'before', /not both/],
    ['sessions.history', { session: 's1', after: -1 }, 'after', />=0/],
    ['sessions.create', { meta: { a: 1 } }, 'meta.a', /string/],
    ['sessions.create', { promptId: 'p1' }, 'promptId', /prompt/],
    ['sessions.create', { id: '../etc/passwd' }, 'id', /id is 1 to 64/],
    ['approvals.decide', { session: 's1', approval: 'a1' }, 'option', /exactly one/],
    [
      'approvals.decide',
      { session: 's1', approval: 'a1', option: 'o', verdict: 'deny' },
      'option',
      /one/,
    ],
    ['tokens.create', { name: 'x', scopes: ['root'] }, 'scopes.0', /"view"/],
    ['blobs.get', { session: 's1', digest: '../../x' }, 'digest', /pattern|match/],
  ])('S5: %s %j is invalid in %s', async (name, input, field, says) => {
    const { status, json } = await harness.call(name, input);
    expect(status).toBe(400);
    expect(json.error).toMatchObject({ code: 'invalid', field });
    expect(json.error.message).toMatch(says);
  });

  test.each([[[]], ['text'], [null], [7]])('S5: %j is no input', async (input) => {
    const { status, json } = await harness.call('sessions.list', input);
    expect(status).toBe(400);
    expect(json.error).toEqual({ code: 'invalid', message: 'The input is an object of fields.' });
  });

  test('S5: too much meta is too large', async () => {
    const { status, json } = await harness.call('sessions.create', {
      meta: { a: 'x'.repeat(5000) },
    });
    expect(status).toBe(413);
    expect(json.error).toMatchObject({ code: 'too_large', field: 'meta' });
  });

  test('S5: an unknown operation is refused with what may have been meant', async () => {
    const { status, json } = await harness.call('sessions.lst');
    expect(status).toBe(404);
    expect(json.error).toMatchObject({ code: 'not_found', field: 'operation' });
    expect(json.error.message).toContain('Did you mean sessions.list');
  });

  test('S5: feeds are sent to where feeds are', async () => {
    const { status, json } = await harness.call('feeds.open', { session: 's1' });
    expect(status).toBe(422);
    expect(json.error.code).toBe('unsupported');
    expect(json.error.message).toMatch(/WebSocket \/rpc.*\/events/);
  });

  test.each(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])(
    'S2: %s changes nothing: 405 with what is allowed',
    async (method) => {
      const answer = await harness.ask({ method, path: '/v1/sessions.send' });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST');
    },
  );
});
