import { expect, test } from 'vitest';
import { Machine, nameOf } from './machine.ts';

test('M1: a session goes on at another daemon with its log, settings, queue and files as they were', async () => {
  const [a, b] = [await Machine.open(), await Machine.open()];
  const session = await a.session({ title: 'on the road', label: 'trip', meta: { issue: '7' } });
  await a.run(session, '[[say one]] [[write a.txt|first]]');
  await a.client.sessions.send({ session, content: '[[say on]] [[hang]]' });
  await a.client.sessions.send({ session, content: '[[say queued]]', id: 'waits' });
  await a.client.sessions.abort({ session, wait: true });
  const before = await a.log(session);
  const { move } = await a.client.moves.begin({
    session,
    to: { url: b.url, token: b.token },
    cwd: b.cwd,
  });
  expect(move).toMatchObject({ session, to: { url: b.url } });
  const done = await a.move(session, ({ endedAt }) => endedAt !== null);
  expect(done).toMatchObject({ phase: 'done', error: null, memory: 'primed' });
  expect(done.entries.sent).toBe(done.entries.total);

  const [here, there] = [await a.log(session), await b.log(session)];
  expect(here.slice(0, before.length).map(nameOf)).toEqual(before.map(nameOf));
  expect(there.slice(0, here.length).map(nameOf)).toEqual(here.map(nameOf));
  expect(here.at(-1)).toMatchObject({ kind: 'owner', data: { state: 'moved' } });
  const { session: row } = await b.client.sessions.get({ session });
  expect(row).toMatchObject({
    title: 'on the road',
    label: 'trip',
    meta: { issue: '7' },
    model: 'brisk',
    cwd: b.cwd,
    status: 'idle',
    queued: 1,
    held: true,
    writer: { state: 'host' },
  });
  const { snapshots } = await b.client.snapshots.list({ session });
  const { after } = await b.client.snapshots.get({ session, snapshot: snapshots[0]!.id });
  expect(after).toBe('first');
  // What it is told of before would have the agent do all of it again.
  await b.client.sessions.reset({ session });
  await b.run(session, '[[say here]]');

  const gone = await a.refuses(session);
  expect(gone).toMatchObject({ code: 'fenced', data: { to: { url: b.url } } });
  expect((await a.client.sessions.get({ session })).session).toMatchObject({
    status: 'readonly',
    writer: { state: 'moved', to: { url: b.url } },
  });
  expect(await a.log(session)).toHaveLength(here.length);
  expect(await b.client.server.check({})).toEqual({ faults: [], more: 0 });
});
