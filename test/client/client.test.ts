import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, createClient, type FeedEvent, RefusalError } from '../../src/client/index.ts';
import { nodeSocket } from '../../src/client/node/index.ts';
import { realPace } from '../../src/client/pace.ts';
import { FakeDaemon } from './fake-daemon.ts';
import type { Act } from './model-server.ts';

/** Waits a hundredth of what it is asked to, and remembers it. */
const waited: number[] = [];
const quick = {
  random: () => 0.5,
  after(ms: number, run: () => void) {
    if (ms < 10_000) waited.push(ms);
    return realPace.after(ms < 10_000 ? ms / 100 : ms, run);
  },
};

let daemon: FakeDaemon;
let client: Client;
beforeEach(async () => {
  daemon = new FakeDaemon();
  waited.length = 0;
  const url = await daemon.listen();
  client = createClient({
    url,
    token: 'secret',
    name: 'test',
    WebSocket: nodeSocket(),
    pace: quick,
  });
});
afterEach(async () => {
  client.close();
  await daemon.close();
});

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof RefusalError ? error.refusal.code : String(error)),
  );

describe('calls', () => {
  test('are one POST with token and name, typed by their group', async () => {
    daemon.answer = () => ({ body: { ok: true } });
    await expect(client.server.health()).resolves.toEqual({ ok: true });
    const [asked] = daemon.asked;
    expect(asked?.operation).toBe('server.health');
    expect(asked?.headers.authorization).toBe('Bearer secret');
    expect(asked?.headers['x-turnkeep-client']).toBe('test');
  });

  test("throw the server's refusal with its code and field", async () => {
    const refusal = { code: 'invalid', message: 'Too long.', field: 'content' };
    daemon.answer = () => ({ status: 400, body: { error: refusal } });
    const error = await client.sessions.send({ session: 's', content: 'x' }).catch((one) => one);
    expect(error).toBeInstanceOf(RefusalError);
    expect((error as RefusalError).refusal).toEqual(refusal);
  });

  test('P1: a prompt is sent again with the id that it had', async () => {
    let times = 0;
    daemon.answer = () => ((times += 1) < 3 ? { drop: true } : { body: { state: 'starting' } });
    await client.sessions.send({ session: 's', content: 'x' });
    const ids = daemon.asked.map(({ input }) => input['id']);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('P1: the id that the caller gave is kept', async () => {
    await client.sessions.send({ session: 's', content: 'x', id: 'mine' });
    expect(daemon.asked[0]?.input['id']).toBe('mine');
  });

  test('are not made again where that could do something twice', async () => {
    daemon.answer = () => ({ drop: true });
    const made = client.tokens.create({ name: 'x', scopes: ['view'] });
    await expect(codeOf(made)).resolves.toBe('unavailable');
    expect(daemon.asked).toHaveLength(1);
  });

  test('wait as long as Retry-After says', async () => {
    const busy = { code: 'busy', message: 'Starting.' };
    let times = 0;
    daemon.answer = () =>
      (times += 1) === 1
        ? { status: 503, headers: { 'retry-after': '2' }, body: { error: busy } }
        : { body: { sessions: [] } };
    await client.sessions.list({});
    expect(waited).toContain(2000);
  });

  test('give up on a server that does not answer', async () => {
    const lost = createClient({ url: 'http://127.0.0.1:1', token: '', pace: quick });
    await expect(codeOf(lost.sessions.list({}))).resolves.toBe('unavailable');
  });

  test('end with the reason of their signal', async () => {
    const asked = client.call(
      'server.info',
      {},
      { signal: AbortSignal.abort(new Error('enough')) },
    );
    await expect(asked).rejects.toThrow('enough');
  });

  test('go over the socket while one is open', async () => {
    const feed = client.watch('s', { after: 0 });
    await nextOf(feed, (event) => event.type === 'state' && event.state === 'live');
    await expect(client.call('server.info', {})).resolves.toEqual({ over: 'socket' });
    await feed.return();
  });
});

async function nextOf(
  feed: AsyncGenerator<FeedEvent>,
  wanted: (event: FeedEvent) => boolean,
): Promise<FeedEvent> {
  for (;;) {
    const { value } = await feed.next();
    if (value !== undefined && wanted(value as FeedEvent)) return value as FeedEvent;
  }
}

const isState = (state: string) => (event: FeedEvent) =>
  event.type === 'state' && event.state === state;
const isEntry = (seq: number) => (event: FeedEvent) =>
  event.type === 'entry' && event.entry.seq === seq;

describe('a feed', () => {
  test('V1: goes on after a lost connection where it was', async () => {
    const feed = client.watch('s', { after: 0 });
    daemon.act({ type: 'notice' });
    await nextOf(feed, isEntry(1));
    await nextOf(feed, isState('live'));
    daemon.cut();
    daemon.act({ type: 'notice' });
    await nextOf(feed, isState('disconnected'));
    await nextOf(feed, isEntry(2));
    expect(daemon.opens).toMatchObject([{ after: 0 }, { after: 1 }]);
    await feed.return();
  });

  test('V2: two of one session are served side by side', async () => {
    const [one, other] = [client.watch('s', { after: 0 }), client.watch('s', { after: 0 })];
    await Promise.all([nextOf(one, isState('live')), nextOf(other, isState('live'))]);
    daemon.act({ type: 'notice' });
    await Promise.all([nextOf(one, isEntry(1)), nextOf(other, isEntry(1))]);
    await one.return();
    daemon.act({ type: 'notice' });
    await nextOf(other, isEntry(2));
    await other.return();
  });

  test('V3: of a reader that stops reading is kept by the server', async () => {
    const feed = client.watch('s', { after: 0 });
    await nextOf(feed, isState('live'));
    for (let count = 0; count < 6000; count += 1) daemon.act({ type: 'notice' });
    // Long enough for all to have come, were it not for the pause.
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let seq = 1; seq <= 6000; seq += 1) await nextOf(feed, isEntry(seq));
    expect(daemon.opens.length).toBeGreaterThan(1);
    await feed.return();
  });

  test('V4: fetches a sealed entry whose text it does not hold', async () => {
    const feed = client.watch('s', { after: 0 });
    await nextOf(feed, isState('live'));
    daemon.model.act({ type: 'say', text: 'unheard' });
    daemon.act({ type: 'seal' });
    daemon.act({ type: 'notice' });
    const event = await nextOf(feed, isEntry(1));
    expect(event).toMatchObject({ entry: { data: { content: [{ text: 'unheard' }] } } });
    await nextOf(feed, isEntry(2));
    expect(daemon.asked.map((asked) => asked.operation)).toEqual(['sessions.history']);
    await feed.return();
  });

  test('is over when the server refuses it', async () => {
    const feed = client.watch('other', { after: 0 });
    await expect(codeOf(nextOf(feed, () => false))).resolves.toBe('not_found');
  });

  test('is over when the token is refused twice', async () => {
    daemon.refuseUpgrades = 401;
    const feed = client.watch('s', { after: 0 });
    await expect(codeOf(nextOf(feed, () => false))).resolves.toBe('unauthenticated');
  });

  test('ends quietly with its signal, and the socket with it', async () => {
    const leave = new AbortController();
    const seen: string[] = [];
    await client.follow('s', {
      after: 0,
      signal: leave.signal,
      onState(state) {
        seen.push(state);
        if (state === 'live') leave.abort();
      },
    });
    expect(seen).toEqual(['connecting', 'catching_up', 'live']);
  });
});

const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('say' as const), text: fc.string() }) },
  { weight: 2, arbitrary: fc.constant({ type: 'seal' as const }) },
  fc.record({ type: fc.constant('replace' as const), text: fc.string({ minLength: 1 }) }),
  fc.record({ type: fc.constant('restate' as const), text: fc.string() }),
  fc.constant({ type: 'notice' as const }),
);
const fates = fc.constantFrom('arrives', 'arrives', 'twice', 'cut', 'later' as const);

test('V1 V4: over real sockets that drop at any time every entry comes once, every text exactly', async () => {
  const script = fc.array(fc.tuple(acts, fates), { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      const own = new FakeDaemon();
      const url = await own.listen();
      const reader = createClient({ url, token: '', WebSocket: nodeSocket(), pace: quick });
      const reading = readTo(reader, own, steps.length);
      for (const [act, fate] of steps) {
        if (fate === 'later') await new Promise((resolve) => setTimeout(resolve, 2));
        if (fate === 'cut') own.cut();
        own.act(act, fate === 'twice');
      }
      own.act({ type: 'replace', text: 'the end' });
      for (let seq = own.model.log.length; seq <= steps.length; seq += 1)
        own.act({ type: 'notice' });
      const { entries, texts } = await reading;
      expect(entries).toEqual(own.model.log);
      for (const [id, text] of texts) expect(own.model.said.get(id)).toContain(text);
      reader.close();
      await own.close();
    }),
    { numRuns: 40 },
  );
});

/** Reads until the log of the model has so many entries more than steps were taken. */
async function readTo(reader: Client, own: FakeDaemon, atLeast: number) {
  const entries: unknown[] = [];
  const texts = new Map<string, string>();
  for await (const event of reader.watch('s', { after: 0 })) {
    if (event.type === 'partial') texts.set(event.entryId, event.whole);
    if (event.type !== 'entry') continue;
    entries.push(event.entry);
    if (entries.length > atLeast && entries.length === own.model.log.length) break;
  }
  return { entries, texts };
}
