import { expect, test } from 'vitest';
import type { Fate, IngressClient, Line } from './ingress-client.ts';
import { Lossy } from './lossy.ts';
import { Transcript, unnamed } from './transcript.ts';
import { IngressWorld } from './world.ts';

// What programs that keep remote transcripts do is in ingress-client.ts; here they do it to this daemon.

function conversation(count: number, transcript = new Transcript()): Line[] {
  return Array.from({ length: count }, (_, at) =>
    at % 2 === 0 ? transcript.user(`Question ${at}`) : transcript.assistant(`Answer ${at}`),
  );
}

async function all(writer: IngressClient, id: string, lines: readonly Line[]): Promise<Fate[]> {
  return Promise.all(lines.map((line) => writer.append(id, line)));
}

const stored = (lines: readonly unknown[]) => lines.map(() => 'stored');

test('L2 L3 L5: a client of session ingress writes a new log, and reads it in both ways', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  expect(await writer.hydrate(id)).toBeNull();
  expect(await writer.teleport(id)).toBeNull();
  const lines = conversation(40);
  expect(await all(writer, id, lines)).toEqual(stored(lines));
  expect(writer.statuses).toEqual(lines.map(() => 201));
  expect(await writer.hydrate(id)).toEqual(lines);
  expect(await writer.teleport(id)).toEqual(lines);
});

test('L5: a client that begins again without hydrating adopts the head, and goes on', async () => {
  const world = await IngressWorld.open();
  const { id, token, writer } = await world.log();
  const transcript = new Transcript();
  const [before, after] = [conversation(6, transcript), conversation(6, transcript)];
  await all(writer, id, before);
  const next = world.writer(token);
  expect(await all(next, id, after)).toEqual(stored(after));
  expect(next.statuses).toEqual([409, ...after.map(() => 201)]);
  expect(next.waits).toEqual([500]);
  expect(await next.hydrate(id)).toEqual([...before, ...after]);
  // One that hydrates knows the head.
  const third = world.writer(token);
  await third.hydrate(id);
  expect(await third.append(id, transcript.user('more'))).toBe('stored');
  expect(third.statuses).toEqual([201]);
});

test('L1 L3: whatever answers are lost, every entry is stored once and in its order', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  const lossy = await Lossy.open(world.url);
  let answers = 0;
  lossy.loses = () => (answers += 1) % 3 !== 0;
  const writer = world.writer(token, { through: lossy.port });
  const lines = conversation(30).flatMap((line, at) =>
    at % 5 === 4 ? [line, unnamed(`${at}`)] : [line],
  );
  expect(await all(writer, id, lines)).toEqual(stored(lines));
  expect(lossy.lost).toBeGreaterThan(40);
  expect(writer.statuses.filter((status) => status === 200).length).toBeGreaterThan(15);
  lossy.loses = () => false;
  expect(await writer.hydrate(id)).toEqual(lines);
});

test('L4 L5: two clients at once lose nothing, store nothing twice, and keep the order of each', async () => {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  // Each waits while the other goes on: without a wait both would adopt the same head again and again.
  const one = world.writer(token, { sleep: jitter(3) });
  const two = world.writer(token, { sleep: jitter(7) });
  const [first, second] = [conversation(25), conversation(25)];
  const fates = await Promise.all([all(one, id, first), all(two, id, second)]);
  expect(fates).toEqual([stored(first), stored(second)]);
  const lines = (await one.hydrate(id))!;
  expect(lines).toHaveLength(50);
  const names = (list: readonly Line[]) => list.map(({ uuid }) => uuid);
  for (const own of [first, second]) {
    expect(names(lines).filter((name) => names(own).includes(name))).toEqual(names(own));
  }
  expect([...one.statuses, ...two.statuses]).toContain(409);
  expect(await world.client.server.check()).toEqual({ faults: [], more: 0 });
});

/** Waits in small steps of real time, longer with each try, as clients do in large ones. */
function jitter(seed: number): (ms: number) => Promise<void> {
  let state = seed;
  return (ms) => {
    state = (state * 48_271) % 2_147_483_647;
    return new Promise((resolve) => setTimeout(resolve, (ms / 250) * (0.5 + (state % 100) / 100)));
  };
}

test('L3 L5: a repeated uuid, and an entry without one as the last, are no end of a log', async () => {
  const world = await IngressWorld.open();
  const { id, token, writer } = await world.log();
  const transcript = new Transcript();
  const lines = conversation(4, transcript);
  await all(writer, id, lines);
  expect(await writer.append(id, lines[1]!)).toBe('stored');
  expect(writer.statuses.at(-1)).toBe(200);
  // It believes that the repeated one is the last, and is put right.
  const next = transcript.user('next');
  expect(await all(writer, id, [next, unnamed()])).toEqual(['stored', 'stored']);
  expect(writer.statuses.slice(-3)).toEqual([409, 201, 201]);
  const after = transcript.user('after');
  expect(await writer.append(id, after)).toBe('stored');
  expect(writer.statuses.slice(-2)).toEqual([409, 201]);
  const other = world.writer(token);
  expect(await other.hydrate(id)).toEqual([...lines, next, unnamed(), after]);
});

test('S1: a token that has expired, was revoked, is unknown or is of another session is final', async () => {
  const world = await IngressWorld.open();
  const { id, writer } = await world.log();
  const lines = conversation(3);
  expect(await writer.append(id, lines[0]!)).toBe('stored');
  const brief = world.writer(await world.token(id, { ttlMs: 60_000 }));
  expect(await brief.append(id, lines[1]!)).toBe('stored');
  world.clock.advance(60_000);
  expect(await brief.append(id, lines[2]!)).toBe('final');
  const others = await world.token('another');
  const reader = await world.token(id, { scopes: ['view'] });
  for (const token of [others, reader, `tk_${'x'.repeat(43)}`, 'nonsense']) {
    const stranger = world.writer(token);
    expect([token.slice(0, 4), await stranger.append(id, lines[2]!)]).toEqual([
      token.slice(0, 4),
      'final',
    ]);
    expect(stranger.statuses).toEqual([401]);
  }
  // Too many wrong ones are told no more than wrong ones.
  const wrong = await Promise.all(
    Array.from({ length: 60 }, () =>
      world.put(id, '{}', { token: `tk_${'y'.repeat(43)}` }).then(({ status }) => status),
    ),
  );
  expect(new Set(wrong)).toEqual(new Set([401]));
  expect(await writer.hydrate(id)).toEqual(lines.slice(0, 2));
});

test('L4 L11 S1: a take-over fences who wrote before; agents here go on, and then a writer with a new token', async () => {
  const world = await IngressWorld.open();
  const { id, token, writer } = await world.log();
  const transcript = new Transcript();
  const lines = conversation(4, transcript);
  await all(writer, id, lines);
  const send = { session: id, content: 'hello' };
  await expect(world.client.sessions.send(send)).rejects.toMatchObject({
    refusal: { code: 'busy' },
  });
  // An own token of the user's is of no epoch: it waits until it is its turn.
  const users = world.writer(await world.token(null));
  const { session, memory } = await world.client.sessions.takeOver({
    session: id,
    writer: 'host',
    cwd: '/work',
  });
  expect(session.writer).toEqual({ state: 'host', epoch: 2, to: null });
  expect([session.cwd, memory]).toEqual(['/work', 'primed']);
  expect(await writer.append(id, transcript.user('zombie'))).toBe('final');
  expect(await users.append(id, transcript.user('too early'))).toBe('given up');
  expect(new Set(users.statuses)).toEqual(new Set([503]));
  expect(users.waits).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000]);
  // Sends work, and while one does nobody takes over.
  expect(await world.client.sessions.send(send)).toMatchObject({ state: 'starting' });
  const early = world.client.sessions.takeOver({ session: id, writer: 'external' });
  await expect(early).rejects.toMatchObject({ refusal: { code: 'busy' } });
  await world.client.sessions.abort({ session: id, force: true, wait: true });
  // What is known is known, whoever asks.
  const [first] = lines;
  expect((await world.put(id, JSON.stringify(first))).status).toBe(200);
  const back = await world.client.sessions.takeOver({ session: id, writer: 'external' });
  expect(back.session.writer).toEqual({ state: 'external', epoch: 3, to: null });
  expect(await writer.append(id, transcript.user('zombie'))).toBe('final');
  const again = world.writer(await world.token(id));
  const late = transcript.user('late');
  expect(await again.append(id, late)).toBe('stored');
  expect(await again.hydrate(id)).toEqual([...lines, late]);
  // A writer that was replaced does not take it back.
  const takeOver = (by: string) =>
    world.ask('POST', '/v1/sessions.takeOver', {
      token: by,
      body: JSON.stringify({ session: id, writer: 'external' }),
    });
  const refused = await takeOver(token);
  expect([refused.status, JSON.parse(refused.text).error]).toEqual([
    409,
    expect.objectContaining({ code: 'conflict', data: { epoch: 3 } }),
  ]);
  expect((await takeOver(await world.token(id))).status).toBe(200);
  expect(await again.append(id, transcript.user('zombie'))).toBe('final');
});

test('S1 S7: an organisation that comes with a request is recorded, and matched where the token names one', async () => {
  const world = await IngressWorld.open();
  const { id } = await world.log();
  const named = world.writer(await world.token(id, { organization: 'org-1' }), {
    organization: 'org-1',
  });
  const [a, b, c] = conversation(3);
  expect(await named.append(id, a!)).toBe('stored');
  const [entry] = await world.bench.of(id, 'native');
  expect(entry!.by).toMatchObject({ type: 'client', organization: 'org-1' });
  // Writers that name none write on: only another one is wrong.
  const silent = world.writer(await world.token(id, { organization: 'org-1' }));
  expect(await silent.append(id, b!)).toBe('stored');
  const other = world.writer(await world.token(id, { organization: 'org-1' }), {
    organization: 'org-2',
  });
  expect(await other.append(id, c!)).toBe('final');
  await expect(other.hydrate(id)).rejects.toThrow('401');
  const free = world.writer(await world.token(id), { organization: 'org-3' });
  expect(await free.append(id, c!)).toBe('stored');
  expect((await world.bench.of(id, 'native')).at(-1)!.by).toMatchObject({ organization: 'org-3' });
  const bad = await world.put(id, '{}', { headers: { 'x-organization-uuid': 'a b' } });
  expect(bad.status).toBe(400);
});
