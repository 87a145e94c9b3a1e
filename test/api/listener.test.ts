import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { EventReader } from './event-reader.ts';
import { eventually, Harness, useHarness } from './harness.ts';

function socketPath(): string {
  const dir = mkdtempSync(join(tmpdir(), 'turnkeep-api-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return join(dir, 'api.sock');
}

/** A call over a Unix socket. */
async function callUnix(path: string, headers: Record<string, string>): Promise<number> {
  const sent = request({
    socketPath: path,
    method: 'POST',
    path: '/v1/agents.list',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  sent.end('{}');
  const [response] = await once(sent, 'response');
  response.resume();
  return response.statusCode;
}

test('S1 S2: over a Unix socket no Host is asked for, but the token and the Origin are', async () => {
  const path = socketPath();
  const harness = await useHarness({}, path);
  const authorization = `Bearer ${harness.admin}`;
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await callUnix(path, { host: 'anything', authorization })).toBe(200);
  expect(await callUnix(path, {})).toBe(401);
  expect(await callUnix(path, { authorization, origin: 'https://evil.example' })).toBe(403);
});

test('a socket that a killed daemon left is replaced, and any other file is not', async () => {
  const path = socketPath();
  const stale = createServer().listen(path);
  await once(stale, 'listening');
  const harness = await useHarness({}, path);
  expect(await callUnix(path, { authorization: `Bearer ${harness.admin}` })).toBe(200);
  stale.close();
});

test('a path that is too long for a Unix socket is refused, and nothing listens', async () => {
  const path = join(tmpdir(), 'x'.repeat(103));
  await expect(Harness.open({}, path)).rejects.toThrow(/103 bytes/);
});

test('a port that is taken is told', async () => {
  const harness = await useHarness();
  await expect(harness.api.listen({ host: '127.0.0.1', port: harness.port })).rejects.toThrow(
    /EADDRINUSE/,
  );
});

test('S5: headers that come too slowly are refused within seconds, and others are served meanwhile', async () => {
  const harness = await useHarness();
  const slow = Array.from({ length: 50 }, () => {
    const socket = connect(harness.port, '127.0.0.1');
    socket.write('GET /v1/health HTTP/1.1\r\nHost: ');
    return text(socket);
  });
  const start = performance.now();
  expect((await harness.call('agents.list')).status).toBe(200);
  const answers = await Promise.all(slow);
  expect(performance.now() - start).toBeLessThan(15_000);
  expect(answers.every((answer) => answer.startsWith('HTTP/1.1 408 '))).toBe(true);
});

test('S5: connections over the limit are told so and closed, the others go on', async () => {
  const harness = await useHarness({ connections: 3 });
  const [first, ...kept] = [await harness.socket(), await harness.socket(), await harness.socket()];
  const refused = await harness.call('agents.list');
  expect([refused.status, refused.json.error.code]).toEqual([429, 'limited']);
  expect(refused.headers['connection']).toBe('close');
  first.socket.terminate();
  await expect
    .poll(() =>
      harness.call('agents.list').then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
  for (const socket of kept) {
    expect((await socket.request('server.health')).result).toEqual({ ok: true });
  }
});

test('closing ends streams and sockets, lets answers leave, and takes no one in any more', async () => {
  const harness = await useHarness();
  const socket = await harness.socket();
  await socket.request('feeds.open', { session: 's1' });
  const stream = await EventReader.open(harness, '/v1/sessions/s1/events');
  const go = Promise.withResolvers<void>();
  const abort = harness.engine.abort.bind(harness.engine);
  const asked = new Promise<void>((resolve) => {
    harness.engine.abort = async (...given) => {
      resolve();
      await go.promise;
      return abort(...given);
    };
  });
  const answer = harness.call('sessions.abort', { session: 's1', wait: true });
  await asked;
  const closed = harness.listening.close(60_000);
  expect((await socket.ended()).code).toBe(1001);
  await stream.end();
  expect(harness.engine.open).toEqual([]);
  await expect(harness.call('agents.list')).rejects.toThrow(/ECONNREFUSED/);
  go.resolve();
  expect((await answer).status).toBe(200);
  await closed;
});

test('closing waits for nobody beyond its deadline', async () => {
  const harness = await useHarness();
  const socket = await harness.socket();
  socket.socket.pause();
  const hanging = connect(harness.port, '127.0.0.1');
  hanging.on('error', () => undefined);
  hanging.write('POST /v1/agents.list HTTP/1.1\r\n');
  await once(hanging, 'connect');
  const closed = harness.listening.close(500);
  harness.clock.advance(500);
  await closed;
  hanging.destroy();
  socket.socket.terminate();
  await eventually(() => harness.clock.waiting === 0);
});
