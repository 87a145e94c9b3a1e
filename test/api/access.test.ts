import { expect, test } from 'vitest';
import { bucketOf } from '../../src/api/failure-limiter.ts';
import { operationNames } from '../../src/protocol/operations.ts';
import { entryFrame } from './fake-engine.ts';
import { EventReader } from './event-reader.ts';
import { useHarness, type Harness } from './harness.ts';

const wrong = `tk_${'A'.repeat(43)}`;

/** A call that says by its status whether the caller was let in. */
async function statusOf(
  harness: Harness,
  token: string | null,
  localAddress?: string,
): Promise<number> {
  const more = { token, ...(localAddress === undefined ? {} : { localAddress }) };
  return (await harness.call('agents.list', {}, more)).status;
}

test('S1: all but the liveness probe needs a token, also on loopback', async () => {
  const harness = await useHarness();
  const paths = [
    '/',
    '/v1',
    '/v1/nothing',
    '/v1/events',
    '/v1/sessions/s1/events',
    '/rpc',
    '/v1/feeds.open',
  ];
  const all = [...paths, ...operationNames.map((name) => `/v1/${name}`)];
  for (const path of all.filter((each) => each !== '/v1/server.health')) {
    for (const method of ['GET', 'POST']) {
      const { status, headers } = await harness.ask({ method, path, token: null });
      expect([path, method, status]).toEqual([path, method, 401]);
      expect(headers['www-authenticate']).toBe('Bearer');
    }
  }
  expect(await harness.refusedUpgrade({})).toBe(401);
  for (const token of [null, wrong]) {
    const probe = await harness.ask({ method: 'GET', path: '/v1/health', token });
    expect([probe.status, probe.text]).toEqual([200, '{"ok":true}']);
    expect((await harness.call('server.health', {}, { token })).json).toEqual({ ok: true });
  }
});

test('S1: a token that is unknown, malformed, expired or revoked is refused', async () => {
  const harness = await useHarness();
  const good = await harness.token(['view'], {
    expiresAt: new Date(harness.clock.now() + 1000).toISOString(),
  });
  const revoked = await harness.token(['view'], {
    revokedAt: new Date(harness.clock.now()).toISOString(),
  });
  expect(await statusOf(harness, good.secret)).toBe(200);
  harness.clock.advance(1000);
  for (const token of [good.secret, revoked.secret, wrong, 'tk_short', '', `${harness.admin}x`]) {
    expect(await statusOf(harness, token)).toBe(401);
  }
  const basic = await harness.ask({
    path: '/v1/agents.list',
    token: null,
    headers: { authorization: `Basic ${harness.admin}` },
  });
  expect(basic.status).toBe(401);
});

test('S1: a token in the address is refused, and never taken', async () => {
  const harness = await useHarness();
  const inUrl = await harness.ask({
    method: 'GET',
    path: `/v1/events?token=${harness.admin}`,
    token: null,
  });
  expect(inUrl.status).toBe(401);
  const extra = await harness.ask({ method: 'GET', path: '/v1/events?token=x' });
  expect([extra.status, JSON.parse(extra.text).error.field]).toEqual([400, 'token']);
  expect(await harness.refusedUpgrade({}, `/rpc?token=${harness.admin}`)).toBe(401);
  const authorization = `Bearer ${harness.admin}`;
  expect(await harness.refusedUpgrade({ authorization }, '/rpc?x=1')).toBe(404);
});

test('S1: addresses of one machine share a bucket', () => {
  expect(bucketOf('::ffff:10.0.0.1')).toBe(bucketOf('10.0.0.1'));
  expect(bucketOf('2001:db8:0:1::5')).toBe(bucketOf('2001:0DB8::1:aaaa:bbbb:cccc:dddd'));
  expect(bucketOf('2001:db8:0:1::5')).not.toBe(bucketOf('2001:db8:0:2::5'));
  expect(bucketOf('fe80::1%eth0')).toBe(bucketOf('fe80::2'));
  expect(bucketOf('10.0.0.1')).not.toBe(bucketOf('10.0.0.2'));
});

test('S1: a revoked token is refused at once, and its streams and sockets close', async () => {
  const harness = await useHarness();
  const { id, secret } = await harness.token(['drive']);
  const [socket, other] = [await harness.socket(secret), await harness.socket()];
  await socket.request('feeds.open', { session: 's1' });
  const stream = await EventReader.open(harness, '/v1/sessions/s1/events', { token: secret });
  expect(harness.engine.open).toHaveLength(2);
  expect((await harness.call('tokens.revoke', { id })).json).toEqual({ revoked: true });
  expect(await statusOf(harness, secret)).toBe(401);
  expect((await socket.ended()).code).toBe(4401);
  await stream.end();
  expect(harness.engine.open).toHaveLength(0);
  expect((await other.request('server.health')).result).toEqual({ ok: true });
  expect((await harness.call('tokens.revoke', { id })).json).toEqual({ revoked: false });
});

test('S1: a token that revokes itself is answered, then closed', async () => {
  const harness = await useHarness();
  const { id, secret } = await harness.token(['admin']);
  const socket = await harness.socket(secret);
  expect((await socket.request('tokens.revoke', { id })).result).toEqual({ revoked: true });
  expect((await socket.ended()).code).toBe(4401);
});

test('S1: a token revoked elsewhere, or expired, loses what it has open', async () => {
  const harness = await useHarness();
  const elsewhere = await harness.token(['view']);
  const first = await harness.socket(elsewhere.secret);
  harness.api.revoked(elsewhere.id);
  expect((await first.ended()).code).toBe(4401);
  const expiresAt = new Date(harness.clock.now() + 20_000).toISOString();
  const short = await harness.token(['view'], { expiresAt });
  const socket = await harness.socket(short.secret);
  const stream = await EventReader.open(harness, '/v1/events', { token: short.secret });
  harness.clock.advance(30_000);
  expect((await socket.ended()).code).toBe(4401);
  await stream.end();
});

test('S1: a revocation while the token is being looked up lets nobody in', async () => {
  const harness = await useHarness();
  const { id, secret } = await harness.token(['view']);
  const { tokens } = harness.store;
  const found = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const byDigest = tokens.byDigest.bind(tokens);
  tokens.byDigest = async (digest) => {
    const row = await byDigest(digest);
    if (row?.id === id) {
      found.resolve();
      await go.promise;
    }
    return row;
  };
  const asked = statusOf(harness, secret);
  await found.promise;
  await harness.call('tokens.revoke', { id });
  go.resolve();
  expect(await asked).toBe(401);
});

test('S1: a token that is bound to sessions makes and begins no other one', async () => {
  const harness = await useHarness();
  const { secret } = await harness.token(['manage'], { sessions: ['s1', 'mine'] });
  const create = async (given: object) =>
    (await harness.call('sessions.create', given, { token: secret })).status;
  expect(await create({})).toBe(403);
  expect(await create({ id: 's2' })).toBe(403);
  expect(await create({ id: 'mine', parent: 's2' })).toBe(404);
  expect(await create({ id: 'mine', key: 'agent:scripted:s2' })).toBe(409);
  expect(await create({ id: 'mine', key: 'agent:scripted:mine' })).toBe(200);
});

test('S1: feeds of a bound token are of its sessions alone', async () => {
  const harness = await useHarness();
  const { secret } = await harness.token(['view'], { sessions: ['s1'] });
  const socket = await harness.socket(secret);
  const refused = await socket.request('feeds.open', { session: 's2' });
  expect(refused.error.data.code).toBe('not_found');
  await socket.request('feeds.open', { sessions: {} });
  expect(harness.engine.open).toMatchObject([{ session: null, options: { sessions: ['s1'] } }]);
  const stream = await EventReader.open(harness, '/v1/sessions/s2/events', { token: secret });
  expect(stream.status).toBe(404);
  await EventReader.open(harness, '/v1/events?archived=0', { token: secret });
  expect(harness.engine.open[1]?.options).toEqual({ archived: false, sessions: ['s1'] });
  harness.engine.publish('s2', entryFrame('s2', 1));
  expect(socket.notifications('entry')).toEqual([]);
});

test('S1: no secret is ever shown again', async () => {
  const harness = await useHarness();
  const made = await harness.call('tokens.create', {
    name: 'phone',
    scopes: ['view'],
    sessions: ['s1'],
  });
  expect(made.json.secret).toMatch(/^tk_[A-Za-z0-9_-]{43}$/);
  expect(await statusOf(harness, made.json.secret)).toBe(200);
  const { text } = await harness.call('tokens.list');
  const digest = harness.clock.sha256(made.json.secret);
  for (const hidden of [made.json.secret, digest, 'digest', 'secret'])
    expect(text).not.toContain(hidden);
  expect(JSON.stringify(harness.logged)).not.toContain('tk_');
});
