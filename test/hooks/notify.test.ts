import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NotifyRule } from '../../src/hooks/config.ts';
import { Notifier } from '../../src/hooks/notifier.ts';
import type { EventBody } from '../../src/hooks/event-body.ts';
import { systemClock } from '../../src/app/system-clock.ts';
import { memoryStore, Workbench } from '../engine/workbench.ts';
import type { Store } from '../../src/ports/store.ts';
import { by } from '../engine/workbench.ts';
import { hookProgram } from './programs.ts';

const secret = 'a secret of some length';

interface Got {
  body: EventBody;
  text: string;
  signature: string;
}
type Answer = (got: Got, nth: number) => { status: number; headers?: Record<string, string> };

/** An address that is called; answers as it is told, and lets tests wait for calls. */
async function receiver(answer: Answer = () => ({ status: 204 })) {
  const got: Got[] = [];
  let call = Promise.withResolvers<void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const signature = String(request.headers['turnkeep-signature']);
    const one = { body: JSON.parse(text) as EventBody, text, signature };
    got.push(one);
    const { status, headers = {} } = answer(one, got.length);
    response.writeHead(status, headers).end();
    call.resolve();
    call = Promise.withResolvers<void>();
  };
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/private/path`;
  const until = async (met: () => boolean): Promise<void> => {
    while (!met()) await call.promise;
  };
  return { got, url, until };
}

const webhook = (url: string, more: object = {}): NotifyRule => ({
  name: 'web',
  events: ['approval', 'session', 'run'],
  url,
  secret,
  ...more,
});

/** Runs through timers at once, so that a test waits for no pause. */
function hastyClock() {
  const clock = systemClock();
  const waited: number[] = [];
  const after: typeof clock.after = (ms, call) => {
    // A try's own deadline, and the look at what waits, are not hurried.
    if (ms === 10_000 || ms === 600_000) return clock.after(ms, call);
    waited.push(ms);
    return clock.after(1, call);
  };
  // The time of the workbench.
  const now = (): number => Date.parse('2026-01-01T00:00:05Z');
  return { clock: { ...clock, now, after }, waited };
}

async function notifierOn(store: Store, rules: readonly NotifyRule[]) {
  const { clock, waited } = hastyClock();
  const logged: { event: string; data: object }[] = [];
  const notifier = new Notifier({
    rules,
    store,
    clock,
    random: () => 0.5,
    env: { PATH: '/bin' },
    agent: 'turnkeep/test',
    log: (event, data) => logged.push({ event, data }),
  });
  await notifier.begin();
  onTestFinished(() => notifier.close());
  return { notifier, waited, logged };
}

async function world(rules: (store: Store) => readonly NotifyRule[]) {
  const store = await memoryStore();
  onTestFinished(() => store.close());
  const told = await notifierOn(store, rules(store));
  const bench = await Workbench.open({
    store,
    happened: () => told.notifier.wake(),
    play: async (turn) => {
      if (turn.text.startsWith('ask')) await turn.ask('secret-title');
      turn.say('secret-answer');
    },
  });
  return { bench, store, ...told };
}

test('H3: the life of a session, its approvals and its runs are told, signed, and nothing of what was said', async () => {
  const { got, url, until } = await receiver();
  const { bench, notifier } = await world(() => [webhook(url)]);
  const session = await bench.session('ask secret-prompt');
  const approval = await (await bench.watch(session)).entry('approval');
  await bench.engine.approvals.decide(
    session,
    { approval: approval.id, choice: { option: 'yes' } },
    by,
  );
  await (await bench.watch(session)).entry('run_ended');
  await bench.engine.life.reset(session, 'reset', by);
  await bench.engine.life.remove(session, by);
  await until(() => got.some(({ body }) => body.event === 'session.deleted'));
  expect(got.map(({ body }) => body.event)).toEqual([
    'session.created',
    'approval.asked',
    'approval.decided',
    'run.ended',
    'session.reset',
    'session.deleted',
  ]);
  expect(JSON.stringify(got)).not.toContain('secret-');
  const log = await bench.log(session);
  for (const { body, text, signature } of got) {
    const entry = log.find(({ seq }) => body.id === `${session}.${seq}`)!;
    expect(body).toMatchObject({
      at: entry.at,
      session: { id: session, cwd: '/work', title: null },
    });
    const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
    expect(createHmac('sha256', secret).update(`${seconds}.${text}`).digest('hex')).toBe(digest);
  }
  expect(got[2]!.body).toMatchObject({
    approval: { id: approval.id, kind: 'approval', outcome: 'allowed' },
  });
  expect(got[3]!.body).toMatchObject({ run: { outcome: 'completed' } });
  // It counts when it has the answer.
  await until(() => notifier.views[0]?.delivered === 6);
  const [view] = notifier.views;
  expect(view).toMatchObject({ givenUp: 0, target: new URL(url).origin });
  await bench.engine.shutdown('stop');
});

test('H3: a failure is tried again, with pauses that grow and as the other side asks; order is kept', async () => {
  const { got, url, until } = await receiver((_, nth) => {
    if (nth === 1) return { status: 500 };
    if (nth === 2) return { status: 429, headers: { 'retry-after': '7' } };
    return { status: 200 };
  });
  const { bench, waited, notifier } = await world(() => [webhook(url)]);
  const session = await bench.session('go');
  await until(() => got.some(({ body }) => body.event === 'run.ended'));
  const events = got.map(({ body }) => body.event);
  expect(events).toEqual([...Array<string>(3).fill('session.created'), 'run.ended']);
  expect(new Set(got.slice(0, 3).map(({ body }) => body.id))).toEqual(new Set([`${session}.1`]));
  expect(waited).toEqual(expect.arrayContaining([750, 7000]));
  expect(notifier.views[0]!.last.find(({ id }) => id === `${session}.1`)).toMatchObject({
    outcome: 'delivered',
    tries: 3,
  });
  await bench.engine.shutdown('stop');
});

test('H3: what is refused, or sent elsewhere, is given up at once; what fails for ever after some tries', async () => {
  const other = await receiver();
  const { got, url, until } = await receiver((one) => {
    if (one.body.event === 'session.created') return { status: 404 };
    if (one.body.event === 'session.reset')
      return { status: 302, headers: { location: other.url } };
    return one.body.event === 'run.ended' ? { status: 503 } : { status: 204 };
  });
  const { bench, notifier, logged } = await world(() => [webhook(url)]);
  const session = await bench.session('go');
  await (await bench.watch(session)).entry('run_ended');
  await bench.engine.life.reset(session, 'reset', by);
  await bench.engine.life.remove(session, by);
  await until(() => got.some(({ body }) => body.event === 'session.deleted'));
  const tries = Map.groupBy(got, ({ body }) => body.event);
  expect(tries.get('session.created')).toHaveLength(1);
  expect(tries.get('session.reset')).toHaveLength(1);
  expect(tries.get('run.ended')).toHaveLength(20);
  expect(other.got).toEqual([]);
  expect(notifier.views[0]).toMatchObject({ givenUp: 3 });
  expect(logged.filter(({ event }) => event === 'hook.given-up')).toHaveLength(3);
  await bench.engine.shutdown('stop');
});

test('H3: what was committed before a kill is told after it, by the id that it had; a new hook begins at the end', async () => {
  const store = await memoryStore();
  onTestFinished(() => store.close());
  const down = await receiver(() => ({ status: 500 }));
  const first = await notifierOn(store, [webhook(down.url)]);
  // Nobody wakes it: it dies before it has told anything.
  const bench = await Workbench.open({ store, happened: () => undefined });
  const session = await bench.session('go');
  await (await bench.watch(session)).entry('run_ended');
  await first.notifier.close();
  const { got, url, until } = await receiver();
  const late = await receiver();
  const second = await notifierOn(store, [webhook(url), webhook(late.url, { name: 'late' })]);
  second.notifier.wake();
  await until(() => got.length === 2);
  expect(got.map(({ body }) => body.event)).toEqual(['session.created', 'run.ended']);
  expect(got[0]!.body.id).toBe(`${session}.1`);
  expect(late.got).toEqual([]);
  await second.notifier.close();
  // What was under way at the end is told again, by the same id.
  const third = await notifierOn(store, [webhook(url), webhook(late.url, { name: 'late' })]);
  await bench.engine.life.reset(session, 'reset', by);
  third.notifier.wake();
  const resets = (): Got[] => got.filter(({ body }) => body.event === 'session.reset');
  await until(() => resets().length === 1);
  await late.until(() => late.got.length === 1);
  expect(new Set(got.map(({ body }) => body.id)).size).toBe(3);
  expect(late.got[0]!.body).toEqual(resets()[0]!.body);
  await bench.engine.shutdown('stop');
});

test('H3: imports are not told, and what waits is bounded', async () => {
  const base = await Workbench.open();
  const from = await base.session('go');
  await (await base.watch(from)).entry('run_ended');
  const entries = await base.log(from);
  await base.engine.shutdown('stop');
  const store = await memoryStore();
  onTestFinished(() => store.close());
  const bench = await Workbench.open({ store, happened: () => undefined });
  await store.events.begin(['web']);
  const sink = await bench.engine.logs.openImport({ session: from, agent: 'plain' }, by);
  await sink.add(entries);
  await sink.end();
  expect(await store.events.after(0, 10)).toEqual([]);
  await bench.session();
  await bench.session();
  const before = await store.events.after(0, 10);
  expect(before.map(({ seq }) => seq)).toEqual([1, 1]);
  await store.events.trim(1);
  expect(await store.events.after(0, 10)).toEqual(before.slice(1));
  // What is gone was had by the only hook that there is.
  await store.events.moved('web', before[1]!.num);
  expect(await store.events.after(0, 10)).toEqual([]);
  expect(await store.events.begin(['web', 'new'])).toEqual([
    { hook: 'new', num: before[1]!.num },
    { hook: 'web', num: before[1]!.num },
  ]);
  await bench.engine.shutdown('stop');
});

test('H3 S4: a program gets the event on its stdin, an environment without secrets, and its output goes into the log, cut', async () => {
  const root = await mkdtemp(join(tmpdir(), 'turnkeep-told-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const file = join(root, 'told');
  const command = hookProgram('told.mjs', file, 'loud');
  const { notifier, logged } = await world(() => [{ name: 'desk', events: ['run'], command }]);
  expect(await notifier.test('desk')).toEqual({ delivered: true, message: null });
  expect(await notifier.test('nobody')).toBeUndefined();
  const [line] = (await readFile(file, 'utf8')).split('\n');
  const { told, env } = JSON.parse(line!) as { told: EventBody; env: object };
  expect(told).toMatchObject({ event: 'hook.test', session: null });
  expect(Object.keys(env).filter((name) => !name.startsWith('__'))).toEqual(['PATH']);
  const [output] = logged.filter(({ event }) => event === 'hook.output');
  expect((output!.data as { text: string }).text).toHaveLength(2000);
  const failing = await world(() => [
    { name: 'desk', events: ['run'], command: hookProgram('told.mjs', file, 'fail') },
  ]);
  expect(await failing.notifier.test('desk')).toEqual({
    delivered: false,
    message: 'ended with 1',
  });
});
