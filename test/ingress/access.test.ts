import { expect, test } from 'vitest';
import { useHarness } from '../api/harness.ts';
import { Transcript } from './transcript.ts';
import { IngressWorld } from './world.ts';

test('S1 S2: each path asks for its method, Host, Origin, token and content type, and has no effect without', async () => {
  const world = await IngressWorld.open();
  const { id, token, writer } = await world.log();
  const transcript = new Transcript();
  await writer.append(id, transcript.user('one'));
  const before = await world.bench.log(id);
  const revoked = await world.client.tokens.create({ name: 'gone', scopes: ['admin'] });
  await world.client.tokens.revoke({ id: revoked.id });
  const port = new URL(world.url).port;
  const log = `/v1/session_ingress/session/${id}`;
  const events = `/v1/code/sessions/${id}/teleport-events`;
  const right = [
    ['PUT', log, 409],
    ['GET', log, 200],
    ['GET', events, 200],
  ] as const;
  const places = [
    { host: `evil.example:${port}` },
    { host: '127.0.0.1:1' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ];
  for (const [method, path, status] of right) {
    const body = method === 'PUT' ? JSON.stringify(transcript.user('two')) : undefined;
    const ask = async (more: object) =>
      (await world.ask(method, path, { token, ...(body === undefined ? {} : { body }), ...more }))
        .status;
    expect([method, path, await ask({})]).toEqual([method, path, status]);
    for (const headers of places) {
      expect([method, path, headers, await ask({ headers })]).toEqual([method, path, headers, 403]);
    }
    for (const wrong of [null, revoked.secret, `tk_${'z'.repeat(43)}`, '']) {
      expect([method, path, wrong, await ask({ token: wrong })]).toEqual([
        method,
        path,
        wrong,
        401,
      ]);
    }
    // A token has no place in an address.
    const inAddress = await world.ask(method, `${path}?token=${token}`, {
      token: null,
      ...(body === undefined ? {} : { body }),
    });
    expect(inAddress.status).toBe(401);
  }
  for (const method of ['DELETE', 'PATCH', 'OPTIONS', 'HEAD']) {
    const answers = [
      await world.ask(method, log, { token }),
      await world.ask(method, events, { token }),
    ];
    expect([method, ...answers.map(({ status }) => status)]).toEqual([method, 405, 405]);
    expect(answers.map(({ headers }) => headers['allow'])).toEqual(['PUT, POST, GET', 'GET']);
  }
  const typed = { 'content-type': 'application/x-www-form-urlencoded' };
  expect((await world.ask('PUT', log, { token, body: '{}', headers: typed })).status).toBe(415);
  for (const path of [
    `${log}/`,
    '/v1/session_ingress/session',
    '/v1/code/sessions/x',
    '/v1/code',
  ]) {
    expect([path, (await world.ask('GET', path, { token })).status]).toEqual([path, 404]);
  }
  expect(await world.bench.log(id)).toEqual(before);
  expect(world.logged).toEqual([]);
});

test('S1: a daemon that serves no transcripts has no such paths', async () => {
  const harness = await useHarness();
  const path = '/v1/session_ingress/session/s1';
  expect((await harness.ask({ method: 'GET', path })).status).toBe(404);
});
