import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Follower } from './follower.ts';
import { differences, faultsOf, toldFaults } from './judge.ts';
import { newId, Place, textOf } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Fields, refusal, told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

const unknown = ['an unknown session', { session: 'nobody' }, 'not_found', 'session'] as const;
const withContent = (session: string, more: Fields = {}) => ({ session, content: 'x', ...more });

/** A session whose run works on until it is ended. */
async function working(
  content = '[[say on]] [[hang]]',
): Promise<{ session: string; run: string; follower: Follower }> {
  const { id: session } = await place.session();
  const follower = await place.follow(session);
  const sent = await place.http.call('sessions.send', { session, content });
  await follower.until('delivery', ({ kind }) => kind === 'delivery');
  return { session, run: sent.run!, follower };
}

describe('sessions.send', () => {
  test('P1 L1 V4: commits the prompt, runs it, and the run ends with the answer', async () => {
    const { id: session } = await place.session({ model: 'steady' });
    const follower = await place.follow(session);
    const id = newId();
    const content = '[[think Hm.]] [[say One two three four five six seven.]]';
    const sent = await place.socket.call('sessions.send', { session, id, content });
    expect(sent).toMatchObject({ duplicate: false, state: 'starting', queued: 0 });
    expect(sent.entry.id).toBe(id);
    const streamed = await follower.untilText();
    const ended = await follower.ended(sent.run);
    expect(ended.data).toMatchObject({ outcome: 'completed', turns: 1 });
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(differences(log, follower.entries)).toEqual([]);
    const message = log.find(({ kind }) => kind === 'message')!;
    expect(textOf(message)).toBe('One two three four five six seven.');
    expect(follower.texts.get(message.id)).toBe(textOf(message));
    expect(log.map(textOf).some((text) => text.startsWith(streamed))).toBe(true);
  });

  test('P1 L3: the same id again is the same prompt, in every state of it; other content is refused', async () => {
    const { session, run } = await working();
    const id = newId();
    const input = { session, id, content: '[[say later]]' };
    const first = await place.http.call('sessions.send', input);
    expect(first).toMatchObject({ state: 'queued', position: 1, queued: 1 });
    const again = await place.socket.call('sessions.send', input);
    expect(again).toMatchObject({ duplicate: true, state: 'queued', entry: first.entry });
    const other = place.http.call('sessions.send', { ...input, content: 'other' });
    expect(await refusal(other)).toMatchObject({ code: 'id_reused', field: 'id' });
    await place.http.call('sessions.abort', { session, run, wait: true });
    await place.http.call('queue.release', { session });
    await place.watcher.rest(session);
    const last = await place.http.call('sessions.send', input);
    expect(last).toMatchObject({ duplicate: true, state: 'delivered', entry: first.entry });
    expect((await place.log(session)).filter(({ kind }) => kind === 'prompt')).toHaveLength(2);
  });

  test('L3: the same id in another session is another prompt', async () => {
    const id = newId();
    const rows = [await place.session(), await place.session()];
    for (const { id: session } of rows) {
      const sent = await place.http.call('sessions.send', { session, id, content: session });
      expect(sent).toMatchObject({ session, duplicate: false });
    }
  });

  test('P2 P3: an interrupting prompt ends the run and goes before those that wait', async () => {
    const { session, run, follower } = await working();
    const waits = await place.http.call('sessions.send', withContent(session));
    const content = '[[say now]]';
    const sent = await place.http.call('sessions.send', {
      session,
      content,
      delivery: 'interrupt',
    });
    expect(sent).toMatchObject({ state: 'queued', interrupted: run, position: 1 });
    await follower.ended(run);
    await place.watcher.rest(session);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    const delivered = log.flatMap(({ kind, about }) => (kind === 'delivery' ? [about] : []));
    expect(delivered.slice(1)).toEqual([sent.entry.id, waits.entry.id]);
  });

  test('P3 R2: many at once from several clients are all delivered once, in the order of the log', async () => {
    const { id: session } = await place.session();
    const followers = [await place.follow(session), await place.follow(session)];
    const ids = Array.from({ length: 15 }, () => newId());
    const inputs = ids.map((id, at) => ({ session, id, content: `[[say ${at}]]` }));
    // Each is asked for twice, as by a client that lost the answer.
    const all = await race(place, 'sessions.send', [...inputs, ...inputs], 1);
    const { answers, codes } = sorted(all);
    expect(codes).toEqual([]);
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(ids.length);
    await place.watcher.rest(session);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(toldFaults(log, all)).toEqual([]);
    const ofKind = (kind: string) => log.filter((entry) => entry.kind === kind);
    expect(ofKind('delivery').map(({ about }) => about)).toEqual(
      ofKind('prompt').map(({ id }) => id),
    );
    for (const follower of followers) {
      await follower.upTo(log.length);
      expect(differences(log, follower.entries)).toEqual([]);
    }
  });

  test('R3: a run that did not succeed says why, and its queue waits', async () => {
    for (const [content, outcome, error] of [
      ['[[fail -32000|no key|auth]]', 'failed', { message: expect.stringContaining('no key') }],
      ['[[exit 3]]', 'failed', {}],
      ['[[crash]]', 'failed', {}],
    ] as const) {
      const { id: session } = await place.session();
      const follower = await place.follow(session);
      const sent = await place.http.call('sessions.send', { session, content });
      await place.http.call('sessions.send', withContent(session));
      const ended = await follower.ended(sent.run);
      expect(ended.data).toMatchObject({ outcome, error });
      const row = await place.watcher.rest(session);
      expect(row).toMatchObject({ queued: 1, held: true, lastRun: { outcome } });
      await place.http.call('queue.release', { session });
      const rested = await place.watcher.rest(session);
      expect(rested).toMatchObject({ queued: 0, lastRun: { outcome: 'completed' } });
      expect(faultsOf(await place.log(session))).toEqual([]);
    }
  });

  test('R4: a prompt with a time is cancelled when it is over', async () => {
    const { id: session } = await place.session();
    const content = '[[say on]] [[hang]]';
    await place.http.call('sessions.send', { session, content, timeoutMs: 1000 });
    const row = await place.watcher.rest(session);
    expect(row.lastRun?.outcome).toBe('cancelled');
    const ended = (await place.log(session)).find(({ kind }) => kind === 'run_ended');
    expect(ended?.data).toMatchObject({ stopReason: 'timeout' });
  });

  test('P2: a full queue refuses the next, and keeps all it has', async () => {
    const { session } = await working();
    const inputs = Array.from({ length: 203 }, () => withContent(session, { id: newId() }));
    const all = [];
    // As many as one client may have under way.
    for (let at = 0; at < inputs.length; at += 10) {
      const some = inputs.slice(at, at + 10).map((input) => {
        return told(place.http, 'sessions.send', input);
      });
      all.push(...(await Promise.all(some)));
    }
    const { answers, codes } = sorted(all);
    expect(codes).toEqual(['limited', 'limited', 'limited']);
    expect(answers).toHaveLength(200);
    const asked = { session, wait: true, queue: 'withdraw' };
    expect(await place.http.call('sessions.abort', asked)).toMatchObject({ queued: 0 });
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(toldFaults(log, all)).toEqual([]);
  });

  testRefusals(() => place, 'sessions.send', [
    ['an unknown session', withContent('nobody'), 'not_found', 'session'],
    ['no content', async (all) => of(all, { content: '' }), 'invalid', 'content'],
    ['blank content', async (all) => of(all, { content: ' \n' }), 'invalid', 'content'],
    ['a delivery that is none', (all) => of(all, { delivery: 'now' }), 'invalid', 'delivery'],
    ['hardly any time', (all) => of(all, { timeoutMs: 10 }), 'invalid', 'timeoutMs'],
    ['an id that is none', (all) => of(all, { id: 'a:b' }), 'invalid', 'id'],
    ['another head', (all) => of(all, { expectedHead: 'old' }), 'conflict', 'expectedHead'],
    [
      'to steer an agent that cannot be',
      async () => withContent((await working()).session, { delivery: 'steer' }),
      'unsupported',
      'delivery',
    ],
  ]);
  const of = async (given: Place, more: Fields) =>
    withContent((await given.session()).id, { ...more });
});

describe('sessions.steer', () => {
  test('P2: is done as an interrupt where the agent cannot be steered, and as a send where it rests', async () => {
    const { session, run } = await working();
    const steered = await place.http.call('sessions.steer', { session, content: '[[say turn]]' });
    expect(steered).toMatchObject({ state: 'queued', interrupted: run });
    const row = await place.watcher.rest(session);
    expect(row.lastMessage).toContain('turn');
    const sent = await place.http.call('sessions.steer', { session, content: '[[say rest]]' });
    expect(sent.state).toBe('starting');
    await place.watcher.rest(session);
    expect(faultsOf(await place.log(session))).toEqual([]);
  });

  test('P3 R2: many at once end the run once, and each comes to one end', async () => {
    const { session, follower } = await working();
    const inputs = Array.from({ length: 9 }, (_, at) => {
      return { session, id: newId(), content: `[[say ${at}]] [[sleep 20]]` };
    });
    const all = await race(place, 'sessions.steer', inputs, 10);
    expect(sorted(all).codes).toEqual([]);
    await place.watcher.rest(session);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(toldFaults(log, all)).toEqual([]);
    await follower.upTo(log.length);
    expect(differences(log, follower.entries)).toEqual([]);
  });

  testRefusals(() => place, 'sessions.steer', [
    ['an unknown session', withContent('nobody'), 'not_found', 'session'],
    ['a way of delivery', withContent('a', { delivery: 'queue' }), 'invalid', 'delivery'],
    ['no content', { session: 'a' }, 'invalid', 'content'],
  ]);
});

describe('sessions.abort', () => {
  test('R4 P3: stops the run, holds the queue, and says when there is nothing to stop', async () => {
    const { session, run } = await working();
    await place.http.call('sessions.send', withContent(session));
    const aborted = await place.http.call('sessions.abort', { session, wait: true });
    const expected = { run, status: 'aborted', outcome: 'cancelled', queued: 1 };
    expect(aborted).toMatchObject(expected);
    const idle = await place.socket.call('sessions.abort', { session, wait: true });
    expect(idle).toMatchObject({ status: 'no-active-run', queued: 1 });
    expect(await place.watcher.rest(session)).toMatchObject({ held: true, queued: 1 });
    const other = await place.http.call('sessions.abort', { session, run: 'another' });
    expect(other.status).toBe('no-active-run');
    expect(faultsOf(await place.log(session), [await onlyItem(session)])).toEqual([]);
  });

  test('R5: with force it kills at once and answers the proof', async () => {
    const { session, run } = await working('[[misbehave ignore-cancel]] [[say on]] [[hang]]');
    const aborted = await place.http.call('sessions.abort', { session, force: true });
    expect(aborted).toMatchObject({ run, status: 'aborted', outcome: 'killed' });
    expect(aborted.proof).toMatchObject({ gone: true });
    expect(aborted.proof!.ended.length).toBeGreaterThan(0);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    await place.run(session, '[[say alive]]');
  });

  test('R2 R4: many at once, gentle and hard, end the run once and tell all the same', async () => {
    for (const gap of [0, 1, 4]) {
      const { session, run, follower } = await working();
      const inputs = Array.from({ length: 9 }, (_, at) => ({
        session,
        wait: at % 3 === 0,
        force: at === 7,
      }));
      const all = await race(place, 'sessions.abort', inputs, gap);
      const { answers, codes } = sorted(all);
      expect(codes).toEqual([]);
      expect(answers.filter((answer) => answer.run === run).length).toBeGreaterThan(0);
      await follower.ended(run);
      const log = await place.log(session);
      expect(faultsOf(log)).toEqual([]);
      expect(toldFaults(log, all)).toEqual([]);
    }
  });

  test('R2 R4: at the very moment when a run ends by itself there is one end, and it is told', async () => {
    const { id: session } = await place.session();
    await place.run(session, '[[say The host is there.]]');
    const all = [];
    for (let at = 0; at < 20; at++) {
      await place.http.call('sessions.send', { session, content: `[[sleep ${at}]] [[say x]]` });
      all.push(
        ...(await race(place, 'sessions.abort', [{ session, wait: true }, { session }], at)),
      );
      await place.watcher.rest(session);
    }
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(toldFaults(log, all)).toEqual([]);
  });

  testRefusals(() => place, 'sessions.abort', [
    unknown,
    ['a fate of the queue that is none', { session: 'a', queue: 'drop' }, 'invalid', 'queue'],
  ]);
});

async function onlyItem(session: string): Promise<string> {
  const { items } = await place.http.call('queue.list', { session });
  expect(items).toHaveLength(1);
  return items[0]!.prompt;
}

describe('runs.list', () => {
  test('R2: pages the runs, newest first, of one session or all, by outcome and openness', async () => {
    const { id: session } = await place.session();
    for (const content of ['[[say a]]', '[[refuse]]', '[[fail -32000|x]]']) {
      await place.run(session, content);
    }
    const found = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const more = cursor === undefined ? {} : { cursor };
      const page = await place.http.call('runs.list', { session, limit: 2, ...more });
      found.push(...page.runs);
      cursor = page.next;
    }
    expect(found).toHaveLength(3);
    expect(found[0]).toMatchObject({ state: 'ended', outcome: 'failed' });
    const asked = { session, outcome: 'failed' };
    const { runs } = await place.http.call('runs.list', asked);
    expect(runs.every(({ outcome }) => outcome === 'failed')).toBe(true);
    const { run } = await working();
    const open = await place.http.call('runs.list', { open: true });
    expect(open.runs.map(({ id }) => id)).toContain(run);
  });

  testRefusals(() => place, 'runs.list', [
    unknown,
    ['a cursor that is none', { cursor: 'x' }, 'invalid', 'cursor'],
    ['an outcome that is none', { outcome: 'fine' }, 'invalid', 'outcome'],
  ]);
});

describe('runs.get', () => {
  test('R2 R3: tells how a run went, as its terminal entry does', async () => {
    const { id: session } = await place.session();
    const { run } = await place.run(session, '[[say The answer.]] [[usage 10|20]]');
    const got = await place.http.call('runs.get', { session, run });
    expect(got.run).toMatchObject({ id: run, state: 'ended', outcome: 'completed' });
    expect(got.run.answer).toMatchObject({ text: 'The answer.' });
    const log = await place.log(session);
    expect(log[got.run.endedSeq! - 1]).toMatchObject({ kind: 'run_ended', runId: run });
    expect(log[got.run.startedSeq - 1]).toMatchObject({ kind: 'run_started', runId: run });
  });

  testRefusals(() => place, 'runs.get', [
    ['an unknown session', { session: 'nobody', run: 'a' }, 'not_found', 'session'],
    ['an unknown run', async (all) => ofRun(all), 'not_found', 'run'],
  ]);
});
const ofRun = async (given: Place) => ({ session: (await given.session()).id, run: 'nothing' });

describe('runs.raw', () => {
  test('L10: pages the native lines of both directions, and what became of them', async () => {
    const { id: session } = await place.session();
    const { run } = await place.run(session, '[[say raw]]');
    const lines = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const more = cursor === undefined ? {} : { cursor };
      const page = await place.http.call('runs.raw', { session, run, limit: 3, ...more });
      lines.push(...page.lines);
      expect(['live', 'here']).toContain(page.source);
      cursor = page.next;
    }
    expect(new Set(lines.map(({ direction }) => direction))).toEqual(new Set(['in', 'out']));
    expect(lines.some(({ text }) => text.includes('session/prompt'))).toBe(true);
    const seqs = lines.flatMap(({ entries }) => entries.map(({ seq }) => seq));
    const message = (await place.log(session)).find(({ kind }) => kind === 'message')!;
    expect(seqs).toContain(message.seq);
    const out = await place.http.call('runs.raw', { session, run, direction: 'out' });
    const texts = lines.filter(({ direction }) => direction === 'out').map(({ text }) => text);
    expect(out.lines.map(({ text }) => text)).toEqual(texts);
  });

  testRefusals(() => place, 'runs.raw', [
    ['an unknown session', { session: 'nobody', run: 'a' }, 'not_found', 'session'],
    ['an unknown run', async (all) => ofRun(all), 'not_found', 'run'],
    [
      'a direction that is none',
      { session: 'a', run: 'a', direction: 'up' },
      'invalid',
      'direction',
    ],
  ]);
});

describe('runs.stopAll', () => {
  test('R4 R5: at once with sends: every run that was open has ended as it is told', async () => {
    const open = await Promise.all([working(), working(), working()]);
    const { id: session } = await place.session();
    const sends = race(place, 'sessions.send', Array<Fields>(4).fill(withContent(session)), 5);
    const stops = await race(place, 'runs.stopAll', [{}, {}], 5);
    await sends;
    const { answers } = sorted(stops);
    const all = answers.flatMap(({ runs }) => runs);
    for (const { run, session: of } of open) {
      expect(all.map((one) => one.run)).toContain(run);
      const got = await place.http.call('runs.get', { session: of, run });
      expect(got.run).toMatchObject({ state: 'ended', outcome: 'cancelled' });
    }
    for (const { session: of, run, outcome } of all) {
      const got = await place.http.call('runs.get', { session: of, run });
      expect(got.run.outcome).toBe(outcome);
    }
    await place.calm(session);
    expect(faultsOf(await place.log(session))).toEqual([]);
  });

  testRefusals(() => place, 'runs.stopAll', [
    ['an input that it has not', { session: 'a' }, 'invalid', 'session'],
  ]);
});
