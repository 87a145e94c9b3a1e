import { expect, test } from 'vitest';
import { batch, first, message, state } from '../store/sample.ts';
import { entryFrame, partialFrame, rowNamed } from './fake-engine.ts';
import { EventReader } from './event-reader.ts';
import { eventually, useHarness } from './harness.ts';

test('V2: a stream begins with a snapshot, and names frames; only entries are resume points', async () => {
  const harness = await useHarness();
  const readers = [
    await EventReader.open(harness, '/v1/sessions/s1/events?after=3'),
    await EventReader.open(harness, '/v1/sessions/agent%3Ascripted%3As1/events?after=3'),
  ];
  expect(harness.engine.open.map(({ session, options }) => [session, options])).toEqual([
    ['s1', { after: 3 }],
    ['s1', { after: 3 }],
  ]);
  harness.engine.publish('s1', {
    event: 'feed.state',
    seq: null,
    params: '{"session":"s1","state":"live"}',
  });
  harness.engine.publish('s1', entryFrame('s1', 4, 'two\nlines'));
  harness.engine.publish('s1', partialFrame('s1', 'so far'));
  for (const reader of readers) {
    await reader.until(() => reader.events.length === 4);
    expect(reader.status).toBe(200);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(reader.events.map(({ event, id }) => [event, id])).toEqual([
      ['snapshot', undefined],
      ['feed.state', undefined],
      ['entry', '4'],
      ['partial', undefined],
    ]);
    expect(reader.events[0]?.data).toMatchObject({
      session: 's1',
      key: 'agent:scripted:s1',
      partials: [],
    });
    expect(reader.events[2]?.data.entry.data.text).toBe('two\nlines');
  }
});

test('V1: a reader that comes back goes on after the last entry it saw, whatever the address says', async () => {
  const harness = await useHarness();
  const path = '/v1/sessions/s1/events?after=1';
  const reader = await EventReader.open(harness, path);
  for (const seq of [2, 3]) harness.engine.publish('s1', entryFrame('s1', seq));
  await reader.until(() => reader.events.length === 3);
  const last = reader.events.findLast(({ id }) => id !== undefined)?.id ?? '';
  reader.stop();
  await eventually(() => harness.engine.open.length === 0);
  await EventReader.open(harness, path, { headers: { 'last-event-id': last } });
  expect(harness.engine.open.map(({ options }) => options)).toEqual([{ after: 3 }]);
  await EventReader.open(harness, '/v1/sessions/s1/events');
  expect(harness.engine.open[1]?.options).toEqual({});
});

test('V1: what comes while a stream is opened comes after its snapshot', async () => {
  const harness = await useHarness();
  harness.engine.early = [entryFrame('s1', 1)];
  const reader = await EventReader.open(harness, '/v1/sessions/s1/events?after=0');
  await reader.until(() => reader.events.length === 2);
  expect(reader.events.map(({ event }) => event)).toEqual(['snapshot', 'entry']);
});

test('a reader that has gone while its stream was opened leaves no feed', async () => {
  const harness = await useHarness();
  const go = Promise.withResolvers<void>();
  harness.engine.opening = go.promise;
  const opening = EventReader.open(harness, '/v1/sessions/s1/events').catch(() => undefined);
  await eventually(() => harness.engine.feeds.length === 1);
  const [feed] = harness.engine.feeds;
  // The test's end cannot stop it: no response has come yet.
  const closing = harness.listening.close(10);
  harness.clock.advance(10);
  await eventually(() => feed?.sink.closed === true);
  go.resolve();
  await eventually(() => feed?.closed === true);
  await closing;
  void opening;
});

test('V4: without partials an entry comes whole also where the feed sends it sealed, in order', async () => {
  const harness = await useHarness();
  const row = JSON.stringify(rowNamed('s1'));
  const entries = [
    message('m1', null, 'the whole text'),
    message('m2', 'm1', 'says "sealed":true'),
  ];
  await harness.store.append([batch('s1', entries, { ...first, state: state({ row }) })]);
  const reader = await EventReader.open(harness, '/v1/sessions/s1/events?after=0&partials=0');
  const empty = {
    seq: 1,
    id: 'm1',
    kind: 'message',
    data: { content: [{ type: 'text', text: '' }] },
  };
  const sealed = JSON.stringify({ session: 's1', entry: empty, sealed: true });
  harness.engine.publish('s1', partialFrame('s1', 'the wh'));
  harness.engine.publish('s1', { event: 'entry', seq: 1, params: sealed });
  harness.engine.publish('s1', entryFrame('s1', 2, '"sealed":true'));
  harness.engine.publish('s1', entryFrame('s1', 3));
  await reader.until(() => reader.events.length === 4);
  expect(reader.events.map(({ event, id }) => [event, id])).toEqual([
    ['snapshot', undefined],
    ['entry', '1'],
    ['entry', '2'],
    ['entry', '3'],
  ]);
  expect(reader.events[1]?.data.entry.data.content[0].text).toBe('the whole text');
  expect(reader.events[1]?.data.sealed).toBeUndefined();
});

test('a sealed entry that is not in the log ends the stream, and is logged', async () => {
  const harness = await useHarness();
  const reader = await EventReader.open(harness, '/v1/sessions/s1/events?partials=0');
  harness.engine.publish('s1', {
    event: 'entry',
    seq: 9,
    params: '{"session":"s1","entry":{},"sealed":true}',
  });
  await reader.end();
  expect(harness.logged).toMatchObject([{ event: 'feed.failed' }]);
  expect(harness.engine.open).toEqual([]);
});

test('the list is streamed by its filter', async () => {
  const harness = await useHarness();
  const reader = await EventReader.open(harness, '/v1/events?agent=scripted&archived=0');
  expect(harness.engine.open[0]?.options).toEqual({ agent: 'scripted', archived: false });
  const params = '{"session":"s1","key":null,"reasons":["send"],"at":"","row":null}';
  harness.engine.publish(null, { event: 'sessions.changed', seq: null, params });
  await reader.until(() => reader.events.length === 2);
  expect(reader.events.map(({ event }) => event)).toEqual(['snapshot', 'sessions.changed']);
  expect(reader.events[0]?.data).toEqual({ asOf: '2026-01-01T00:00:00.000Z' });
});

test('a quiet stream beats, and its end closes the feed', async () => {
  const harness = await useHarness();
  const reader = await EventReader.open(harness, '/v1/sessions/s1/events');
  await reader.until(() => reader.events.length === 1);
  for (const beats of [1, 2, 3]) {
    harness.clock.advance(15_000);
    await reader.until(() => reader.comments === beats);
  }
  reader.stop();
  await eventually(() => harness.engine.open.length === 0);
});

test.each([
  ['/v1/sessions/s1/events?after=x', {}, 'after'],
  ['/v1/sessions/s1/events?after=-1', {}, 'after'],
  ['/v1/sessions/s1/events?after=1&after=2', {}, 'after'],
  ['/v1/sessions/s1/events?after=1', { 'last-event-id': 'abc' }, 'after'],
  ['/v1/sessions/s1/events?partials=2', {}, 'partials'],
  ['/v1/sessions/s1/events?access_token=x', {}, 'access_token'],
  ['/v1/events?archived=maybe', {}, 'archived'],
  ['/v1/events?after=1', {}, 'after'],
])('S5: GET %s with %j is invalid in %s', async (path, headers, field) => {
  const harness = await useHarness();
  const { status, text } = await harness.ask({ method: 'GET', path, headers });
  expect(status).toBe(400);
  expect(JSON.parse(text).error).toMatchObject({ code: 'invalid', field });
  expect(harness.engine.open).toEqual([]);
});

test.each([
  ['GET', '/v1/sessions/nowhere/events', 404],
  ['GET', '/v1/sessions/..%2F..%2Fetc/events', 404],
  ['GET', '/v1/sessions/%E0%A4%A/events', 404],
  ['POST', '/v1/sessions/s1/events', 405],
  ['HEAD', '/v1/sessions/s1/events', 405],
])('S3: %s %s is answered with %i', async (method, path, status) => {
  const harness = await useHarness();
  expect((await harness.ask({ method, path })).status).toBe(status);
  expect(harness.engine.open).toEqual([]);
});
