import { expect, test } from 'vitest';
import type { Caller } from '../../src/api/caller.ts';
import { Live } from '../../src/api/live.ts';
import { tokenDigest, Tokens } from '../../src/api/tokens.ts';
import { RefusalError } from '../../src/domain/refusal.ts';
import { EventReader } from './event-reader.ts';
import { useHarness, type Harness, type Rpc } from './harness.ts';
import { ManualClock } from './manual-clock.ts';

const wrong = `tk_${'A'.repeat(43)}`;

async function statusOf(harness: Harness, token: string, localAddress?: string): Promise<number> {
  const from = localAddress === undefined ? {} : { localAddress };
  return (await harness.call('agents.list', {}, { token, ...from })).status;
}

test('S1: a secret is 256 bits by chance, and only its digest is kept', async () => {
  const harness = await useHarness();
  const secrets = new Set<string>();
  for (let n = 0; n < 50; n++) {
    const input = { name: `n${n}`, scopes: ['view'] };
    const { json } = await harness.call('tokens.create', input);
    expect(Buffer.from(json.secret.slice(3), 'base64url')).toHaveLength(32);
    secrets.add(json.secret);
    const row = await harness.store.tokens.byDigest(tokenDigest(json.secret));
    expect(row?.id).toBe(json.id);
    expect(JSON.stringify(row)).not.toContain(json.secret.slice(3));
  }
  expect(secrets.size).toBe(50);
  const own = await harness.call('tokens.create', { name: 'own', scopes: ['admin'] });
  expect([own.status, own.json.error.field]).toEqual([400, 'name']);
});

/** Sockets and streams of one token, with a feed each. */
async function openMany(harness: Harness, token: string) {
  const sockets: Rpc[] = [];
  const streams: EventReader[] = [];
  for (let n = 0; n < 10; n++) {
    const socket = await harness.socket(token);
    await socket.request('feeds.open', { session: 's1' });
    sockets.push(socket);
    const path = n % 2 === 0 ? '/v1/events' : '/v1/sessions/s1/events';
    streams.push(await EventReader.open(harness, path, { token }));
  }
  return { sockets, streams };
}

async function allEnd({ sockets, streams }: Awaited<ReturnType<typeof openMany>>): Promise<void> {
  for (const socket of sockets) expect((await socket.ended()).code).toBe(4401);
  for (const stream of streams) await stream.end();
}

test('S1: within a second of a rotation the old token is refused and all it had open is closed', async () => {
  const harness = await useHarness();
  const old = await harness.token(['admin']);
  const many = await openMany(harness, old.secret);
  const input = { name: 'new', scopes: ['admin'] };
  const { json: made } = await harness.call('tokens.create', input, { token: old.secret });
  const kept = await harness.socket(made.secret);
  const start = performance.now();
  await harness.call('tokens.revoke', { id: old.id }, { token: made.secret });
  expect(await statusOf(harness, old.secret)).toBe(401);
  expect(await harness.refusedUpgrade({ authorization: `Bearer ${old.secret}` })).toBe(401);
  await allEnd(many);
  expect(performance.now() - start).toBeLessThan(1000);
  expect(harness.engine.open).toEqual([]);
  expect((await kept.request('tokens.list')).error).toBeUndefined();
});

test('S1: what a token has open is closed at the instant at which it expires', async () => {
  const harness = await useHarness();
  const expiresAt = new Date(harness.clock.now() + 9000).toISOString();
  const { secret } = await harness.token(['drive'], { expiresAt });
  const many = await openMany(harness, secret);
  harness.clock.advance(8999);
  expect((await many.sockets[0]!.request('agents.list')).error).toBeUndefined();
  expect(harness.engine.open).toHaveLength(20);
  harness.clock.advance(1);
  await allEnd(many);
  expect(harness.engine.open).toEqual([]);
  expect(await statusOf(harness, secret)).toBe(401);
});

test('S1: an expiry in years is waited for in steps that a timer can take', () => {
  const clock = new ManualClock();
  const after = clock.after.bind(clock);
  const asked: number[] = [];
  clock.after = (ms, call) => {
    asked.push(ms);
    return after(ms, call);
  };
  const days = 24 * 3_600_000;
  const expiresAt = new Date(clock.now() + 60 * days).toISOString();
  const cuts: string[] = [];
  const live = new Live(clock);
  const caller: Caller = {
    token: 't',
    scopes: ['view'],
    sessions: null,
    inside: false,
    epoch: null,
    organization: null,
    ticket: null,
    expiresAt,
    by: { type: 'server' },
  };
  const open = { caller, cut: (reason: string) => void cuts.push(reason) };
  live.add(open);
  clock.advance(60 * days - 1);
  expect(cuts).toEqual([]);
  clock.advance(1);
  expect(cuts).toEqual(['token']);
  expect(asked.length).toBe(3);
  expect(Math.max(...asked)).toBeLessThan(2 ** 31);
  live.remove(open);
  live.add(open);
  live.remove(open);
  expect(clock.waiting).toBe(0);
});

test('S1: of a thousand wrong tries in three shapes ten a minute are evaluated, and a valid token is never slowed', async () => {
  const harness = await useHarness();
  const { clock, admin } = harness;
  const shapes = [
    () => statusOf(harness, wrong),
    () => statusOf(harness, 'tk_short'),
    () => harness.refusedUpgrade({ authorization: `Bearer ${wrong}` }),
  ];
  const tally = async (tries: number) => {
    const counts: { [status: number]: number } = {};
    for (let n = 0; n < tries; n++) {
      const status = await shapes[n % 3]!();
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  };
  expect(await tally(1000)).toEqual({ 401: 10, 429: 990 });
  const limited = await harness.call('agents.list', {}, { token: wrong });
  expect(limited.json.error.code).toBe('limited');
  expect(limited.headers['retry-after']).toBe('60');
  for (let n = 0; n < 20; n++) expect(await statusOf(harness, admin)).toBe(200);
  expect(await harness.refusedUpgrade({ authorization: `Bearer ${admin}` })).toBe(101);
  expect(await statusOf(harness, wrong, '127.0.0.2')).toBe(401);
  clock.advance(59_999);
  expect(await tally(3)).toEqual({ 429: 3 });
  clock.advance(1);
  expect(await tally(30)).toEqual({ 401: 10, 429: 20 });
});

test('S1: an address counts as one in each of its forms', async () => {
  const harness = await useHarness();
  const tokens = new Tokens(harness.store.tokens, harness.clock);
  const codes: string[] = [];
  for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1', '127.0.0.1']) {
    for (let n = 0; n < 4; n++) {
      const credentials = {
        authorization: `Bearer ${wrong}`,
        client: undefined,
        login: {},
        address,
      };
      const error = await tokens.authenticate(credentials).catch((refused: unknown) => refused);
      codes.push(error instanceof RefusalError ? error.refusal.code : 'let in');
    }
  }
  expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(10);
  expect(codes.filter((code) => code === 'limited')).toHaveLength(6);
});
