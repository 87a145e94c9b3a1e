import { expect, test } from 'vitest';
import { bucketOf } from '../../src/api/failure-limiter.ts';
import type { Operation } from '../../src/protocol/operation.ts';
import { operationNames, operations } from '../../src/protocol/operations.ts';
import { includes, scopes } from '../../src/protocol/scope.ts';
import { batch, first, message, runStarted, approval, state } from '../store/sample.ts';
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

test('S1: of a thousand wrong tries ten a minute are evaluated, and a valid token is never slowed', async () => {
  const harness = await useHarness();
  const { clock } = harness;
  const shapes = [wrong, 'tk_short', 'x'];
  const counts = new Map<number, number>();
  const tally = async (tries: number) => {
    for (let n = 0; n < tries; n++) {
      const status = await statusOf(harness, shapes[n % 3] ?? wrong);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  };
  await tally(1000);
  expect(Object.fromEntries(counts)).toEqual({ 401: 10, 429: 990 });
  const limited = await harness.call('agents.list', {}, { token: wrong });
  expect(limited.json.error.code).toBe('limited');
  expect(limited.headers['retry-after']).toBe('60');
  expect(await harness.refusedUpgrade({ authorization: `Bearer ${wrong}` })).toBe(429);
  expect(await statusOf(harness, harness.admin)).toBe(200);
  expect(await statusOf(harness, wrong, '127.0.0.2')).toBe(401);
  clock.advance(60_000);
  expect(await statusOf(harness, wrong)).toBe(401);
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

/**
 * What each operation is asked with here: enough to be let in, or refused for another reason than
 * scope.
 */
const input = { session: 's1', id: 'x', name: 'x', content: 'x', approval: 'a', verdict: 'deny' };

test('S1: every operation by every scope is refused or let in as the table says', async () => {
  const harness = await useHarness();
  for (const scope of scopes) {
    const { secret } = await harness.token([scope]);
    for (const name of operationNames) {
      if (name === 'server.shutdown') continue;
      const { scope: asked, inside }: Operation = operations[name];
      const own = scope === 'inside' && inside === true;
      const allowed = own || asked === null || includes[scope].includes(asked);
      const { status, json } = await harness.call(name, input, { token: secret });
      const forbidden = status === 403 && json.error.code === 'forbidden';
      // Feeds are refused here for their shape, and looked at below.
      const isFeed = operations[name].shape === 'feed';
      expect([scope, name, forbidden]).toEqual([scope, name, !allowed && !isFeed]);
    }
  }
});

test('S1: a token from inside a host never decides and never administers, whatever else it holds', async () => {
  const harness = await useHarness();
  const { secret } = await harness.token(['inside', 'approve', 'admin']);
  const token = { token: secret };
  const decide = { session: 's1', approval: 'a1', verdict: 'allow' };
  expect((await harness.call('approvals.decide', decide, token)).status).toBe(403);
  expect((await harness.call('tokens.list', {}, token)).status).toBe(403);
  expect((await harness.call('sessions.send', { session: 's1', content: 'x' }, token)).status).toBe(
    200,
  );
});

test('S1: a token that is bound to a session sees no other one', async () => {
  const harness = await useHarness();
  const { store, engine } = harness;
  for (const id of ['s1', 's2']) {
    const row = JSON.stringify(engine.rows.get(id));
    const entries = [
      runStarted(`r-${id}`, `run-${id}`),
      message(`m-${id}`, null),
      approval(`a-${id}`),
    ];
    await store.append([batch(id, entries, { ...first, state: state({ row }) })]);
  }
  const { secret } = await harness.token(['drive', 'approve', 'manage'], {
    sessions: ['s1', 'mine'],
  });
  const call = (name: string, given: unknown) => harness.call(name, given, { token: secret });
  const listed = await call('sessions.list', {});
  expect(listed.json.sessions.map(({ id }: { id: string }) => id)).toEqual(['s1']);
  expect((await call('runs.list', {})).json.runs).toMatchObject([{ id: 'run-s1' }]);
  expect((await call('approvals.list', {})).json.approvals).toMatchObject([{ session: 's1' }]);
  expect((await call('server.info', {})).json.start.setAside).toEqual([]);
  expect((await call('sessions.resolve', { name: 's2' })).status).toBe(404);
  const digest = 'a'.repeat(64);
  for (const [name, more] of [
    ['sessions.get', {}],
    ['sessions.history', {}],
    ['sessions.send', { content: 'x' }],
    ['sessions.abort', {}],
    ['approvals.decide', { approval: 'a-s2', verdict: 'deny' }],
    ['approvals.list', {}],
    ['runs.get', { run: 'run-s2' }],
    ['runs.list', {}],
    ['blobs.get', { digest }],
  ] as const) {
    for (const session of ['s2', 'agent:scripted:s2']) {
      const other = await call(name, { session, ...more });
      const missing = await call(name, { session: 'nowhere', ...more });
      expect([name, other.status]).toEqual([name, 404]);
      expect(other.text.replaceAll(session, 'nowhere')).toBe(missing.text);
    }
  }
  expect((await call('sessions.create', {})).status).toBe(403);
  expect((await call('sessions.create', { id: 's2' })).status).toBe(403);
  expect((await call('sessions.create', { id: 'mine', parent: 's2' })).status).toBe(404);
  expect((await call('sessions.create', { id: 'mine', key: 'agent:scripted:s2' })).status).toBe(
    409,
  );
  expect((await call('sessions.create', { id: 'mine', key: 'agent:scripted:mine' })).status).toBe(
    200,
  );
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

test('S1: a bound token administers nothing, and no secret is ever shown again', async () => {
  const harness = await useHarness();
  const bound = await harness.token(['admin'], { sessions: ['s1'] });
  for (const name of ['tokens.list', 'tokens.create', 'tokens.revoke', 'server.shutdown']) {
    expect((await harness.call(name, input, { token: bound.secret })).status).toBe(403);
  }
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
