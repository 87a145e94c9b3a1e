import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { refusalCodes, refuse } from '../../src/domain/refusal.ts';
import { rpcCode } from '../../src/protocol/error.ts';
import { entryFrame, partialFrame } from './fake-engine.ts';
import { eventually, useHarness, type Json } from './harness.ts';

test('V2: every subscriber of a session gets its frames, and one that goes takes nothing from another', async () => {
  const harness = await useHarness();
  const sockets = await Promise.all([harness.socket(), harness.socket(), harness.socket()]);
  for (const socket of sockets) {
    const opened = await socket.request('feeds.open', { session: 'agent:scripted:s1', after: 3 });
    expect(opened.result).toMatchObject({
      session: 's1',
      key: 'agent:scripted:s1',
      openApprovals: [],
    });
  }
  expect(harness.engine.open.map(({ options }) => options)).toEqual(Array(3).fill({ after: 3 }));
  harness.engine.publish('s1', entryFrame('s1', 4));
  harness.engine.publish('s1', partialFrame('s1', 'so far'));
  const [first, ...rest] = sockets;
  await first?.until(() => first.notifications('partial')[0]);
  first?.socket.close();
  await eventually(() => harness.engine.open.length === 2);
  harness.engine.publish('s1', entryFrame('s1', 5));
  for (const socket of rest) {
    await socket.until(() => socket.notifications('entry')[1]);
    expect(socket.notifications('entry').map(({ params }) => params.entry.seq)).toEqual([4, 5]);
    expect(socket.notifications('partial')).toEqual([
      {
        jsonrpc: '2.0',
        method: 'partial',
        params: { session: 's1', entryId: 'm1', part: 'text', offset: 0, text: 'so far' },
      },
    ]);
  }
});

test('V1: what a feed sends while it is being opened comes after the answer', async () => {
  const harness = await useHarness();
  harness.engine.early = [entryFrame('s1', 1), entryFrame('s1', 2)];
  const socket = await harness.socket();
  await socket.request('feeds.open', { session: 's1', after: 0 });
  await socket.until(() => socket.notifications('entry')[1]);
  const order = socket.received.map(({ id, params }: Json) =>
    id === undefined ? params.entry.seq : 'answer',
  );
  expect(order).toEqual(['answer', 1, 2]);
});

test('a session has one feed per socket: the later one takes the place of the earlier', async () => {
  const harness = await useHarness();
  const socket = await harness.socket();
  await socket.request('feeds.open', { session: 's1' });
  await socket.request('feeds.open', { session: 'agent:scripted:s1', after: 7 });
  await socket.request('feeds.open', { sessions: {} });
  await socket.request('feeds.open', { sessions: { agent: 'a', archived: true } });
  expect(harness.engine.open.map(({ session, options }) => [session, options])).toEqual([
    ['s1', { after: 7 }],
    [null, { agent: 'a', archived: true }],
  ]);
  expect((await socket.request('feeds.close', { session: 's1' })).result).toEqual({ closed: true });
  expect((await socket.request('feeds.close', { session: 's1' })).result).toEqual({
    closed: false,
  });
  expect((await socket.request('feeds.close')).result).toEqual({ closed: true });
  expect(harness.engine.open).toEqual([]);
});

test('a feed that is opened again before it has begun is refused, and left by the engine', async () => {
  const harness = await useHarness();
  const go = Promise.withResolvers<void>();
  harness.engine.opening = go.promise;
  const socket = await harness.socket();
  const [one, two] = [1, 2].map((after) => socket.request('feeds.open', { session: 's1', after }));
  await eventually(() => harness.engine.feeds.length === 2);
  go.resolve();
  expect((await one)?.error.data.code).toBe('conflict');
  expect((await two)?.result.session).toBe('s1');
  expect(harness.engine.open.map(({ options }) => options)).toEqual([{ after: 2 }]);
  expect(harness.engine.feeds[0]?.sink.closed).toBe(true);
});

test('a feed that cannot be opened leaves nothing behind', async () => {
  const harness = await useHarness();
  harness.engine.failure = refuse('busy', 'The session is being read.', {
    data: { retryAfter: 1 },
  });
  const socket = await harness.socket();
  const { error } = await socket.request('feeds.open', { session: 's1' });
  expect(error).toEqual({
    code: rpcCode.busy,
    message: 'The session is being read.',
    data: { code: 'busy', data: { retryAfter: 1 } },
  });
  expect((await socket.request('feeds.close', { session: 's1' })).result).toEqual({
    closed: false,
  });
});

test('S5: every refusal code has its number, with its name in data', async () => {
  const harness = await useHarness();
  const socket = await harness.socket();
  for (const code of refusalCodes) {
    harness.engine.failure = refuse(code, 'why', { field: 'f' });
    const { error } = await socket.request('sessions.send', { session: 's1', content: 'x' });
    expect(error).toEqual({ code: rpcCode[code], message: 'why', data: { code, field: 'f' } });
  }
  harness.engine.failure = new Error('/secret/path');
  const { error } = await socket.request('sessions.send', { session: 's1', content: 'x' });
  expect(error.data.code).toBe('internal');
  expect(JSON.stringify(error)).not.toContain('/secret/path');
  expect(harness.logged.at(-1)).toMatchObject({
    operation: 'sessions.send',
    request: error.data.data.request,
  });
});

test('S5: bad input is refused with its field, an unknown method with a hint', async () => {
  const harness = await useHarness();
  const socket = await harness.socket();
  const bad = await socket.request('feeds.open', { session: 's1', aftr: 1 });
  expect(bad.error).toMatchObject({ code: -32602, data: { code: 'invalid', field: 'aftr' } });
  const none = await socket.request('feeds.open', {});
  expect(none.error.data.field).toBe('session');
  const unknown = await socket.request('session.list');
  expect(unknown.error).toMatchObject({ code: -32601, data: { code: 'not_found' } });
  expect(unknown.error.message).toContain('sessions.list');
});

test.each([
  ['{', -32700, null],
  ['', -32700, null],
  ['\u0000', -32700, null],
  ['[]', -32600, null],
  ['[{"jsonrpc":"2.0","id":1,"method":"server.health"}]', -32600, null],
  ['null', -32600, null],
  ['7', -32600, null],
  ['{"id":1,"method":"server.health"}', -32600, 1],
  ['{"jsonrpc":"1.0","id":"a","method":"server.health"}', -32600, 'a'],
  ['{"jsonrpc":"2.0","id":1}', -32600, 1],
  ['{"jsonrpc":"2.0","id":1,"method":5}', -32600, 1],
  ['{"jsonrpc":"2.0","method":"server.health"}', -32600, null],
  ['{"jsonrpc":"2.0","id":null,"method":"server.health"}', -32600, null],
  ['{"jsonrpc":"2.0","id":1.5,"method":"server.health"}', -32600, null],
  ['{"jsonrpc":"2.0","id":{},"method":"server.health"}', -32600, null],
  ['{"jsonrpc":"2.0","id":1,"result":{}}', -32600, 1],
  ['{"jsonrpc":"2.0","id":1,"method":"server.health","params":[]}', -32602, 1],
  ['{"jsonrpc":"2.0","id":1,"method":"server.health","__proto__":{}}', -32600, null],
  [
    `{"jsonrpc":"2.0","id":1,"method":"x","params":${'['.repeat(100)}${']'.repeat(100)}}`,
    -32600,
    null,
  ],
  [Buffer.from('{"jsonrpc":"2.0","id":1,"method":"server.health"}'), -32600, null],
])('S5: the frame %s is answered with %i, and the socket goes on', async (frame, code, id) => {
  const harness = await useHarness();
  const socket = await harness.socket();
  const answer = await socket.raw(frame);
  expect(answer).toMatchObject({ jsonrpc: '2.0', id, error: { code, data: { code: 'invalid' } } });
  expect((await socket.request('server.health')).result).toEqual({ ok: true });
});

test('S5: a frame that is too large, not UTF-8 or broken ends its socket and nothing else', async () => {
  const harness = await useHarness();
  const good = await harness.socket();
  const large = await harness.socket();
  large.socket.send('x'.repeat(limits.bodyBytes + 1));
  expect((await large.ended()).code).toBe(1009);
  const bytes: readonly [number, Buffer][] = [
    [1007, Buffer.from([0x81, 0x84, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])],
    [1002, Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
    [1002, Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
    [1002, Buffer.from([0x80, 0x80, 0, 0, 0, 0])],
  ];
  for (const [code, broken] of bytes) {
    const socket = await harness.socket();
    (socket.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(broken);
    expect((await socket.ended()).code).toBe(code);
  }
  expect((await good.request('server.health')).result).toEqual({ ok: true });
  expect(harness.logged).toEqual([]);
});

test('S5 V3: at most sixteen answers are open on a socket', async () => {
  const harness = await useHarness();
  const go = Promise.withResolvers<void>();
  const abort = harness.engine.abort.bind(harness.engine);
  harness.engine.abort = async (...given) => {
    await go.promise;
    return abort(...given);
  };
  const socket = await harness.socket();
  const asked = Array.from({ length: 20 }, () =>
    socket.request('sessions.abort', { session: 's1', wait: true }),
  );
  const refused = await Promise.all(asked.slice(16));
  expect(refused.map(({ error }) => error.data.code)).toEqual(Array(4).fill('limited'));
  go.resolve();
  const answered = await Promise.all(asked.slice(0, 16));
  expect(answered.every(({ result }) => result.status === 'no-active-run')).toBe(true);
  expect((await socket.request('server.health')).result).toEqual({ ok: true });
});

test('a socket that answers pings stays, one that misses two is closed with its feeds', async () => {
  const harness = await useHarness();
  const [alive, dead] = [await harness.socket(), await harness.socket()];
  await alive.request('feeds.open', { session: 's1' });
  await dead.request('feeds.open', { session: 's2' });
  dead.socket.pause();
  for (let beat = 0; beat < 4; beat++) {
    const pinged = new Promise((resolve) => alive.socket.once('ping', resolve));
    harness.clock.advance(15_000);
    await pinged;
    // The pong is on its way when the ping was seen; an answer behind it shows that it has come.
    await alive.request('server.health');
  }
  expect(harness.engine.open).toMatchObject([{ session: 's1' }]);
  expect(alive.closed).toBeUndefined();
  dead.socket.terminate();
});

test('only the protocol name of this version is agreed on', async () => {
  const harness = await useHarness();
  const socket = await harness.socket(harness.admin, ['other', 'turnkeep.v1']);
  expect(socket.socket.protocol).toBe('turnkeep.v1');
});

test('an upgrade to anything but a WebSocket on /rpc is refused', async () => {
  const harness = await useHarness();
  const authorization = `Bearer ${harness.admin}`;
  expect(await harness.refusedUpgrade({ authorization }, '/v1/events')).toBe(404);
  const old = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '7' };
  const refused = await harness.ask({ method: 'GET', path: '/rpc', headers: old });
  expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([400, 'invalid']);
  expect(refused.headers['x-content-type-options']).toBe('nosniff');
  const plain = await harness.ask({ method: 'GET', path: '/rpc' });
  expect([plain.status, plain.headers.upgrade]).toEqual([426, 'websocket']);
  const h2c = { connection: 'Upgrade', upgrade: 'h2c' };
  expect((await harness.ask({ method: 'GET', path: '/v1/health', headers: h2c })).status).toBe(200);
});
