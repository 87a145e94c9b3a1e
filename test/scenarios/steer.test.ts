import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Follower } from './follower.ts';
import { differences, faultsOf, toldFaults } from './judge.ts';
import { newId, Place, textOf } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Entry, type Operation, refusal, told, type Told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.withClaude();
});
afterAll(() => place.close());

/** The two ways to steer. */
const ways = [
  ['sessions.steer', {}],
  ['sessions.send', { delivery: 'steer' }],
] as const;

/** A session whose run takes what is steered into it as its prompt says. */
async function working(
  content: string,
): Promise<{ session: string; run: string; follower: Follower }> {
  const { id: session } = await place.session({ agent: 'claude', model: null });
  const follower = await place.follow(session);
  const sent = await place.http.call('sessions.send', { session, content });
  await follower.until('delivery', ({ kind }) => kind === 'delivery');
  return { session, run: sent.run!, follower };
}

/** What the agent said, in order. */
const said = (log: readonly Entry[]): string[] =>
  log.filter(({ kind }) => kind === 'message').map(textOf);

const ofKind = (log: readonly Entry[], kind: string): Entry[] =>
  log.filter((entry) => entry.kind === kind);

/** Every prompt went into the one run, which completed; answers its log. */
async function foldedInto(
  { session, run, follower }: Awaited<ReturnType<typeof working>>,
  all: readonly Told<Operation>[],
): Promise<Entry[]> {
  await follower.ended(run);
  const log = await place.log(session);
  expect(faultsOf(log)).toEqual([]);
  expect(toldFaults(log, all)).toEqual([]);
  expect(ofKind(log, 'run_started')).toHaveLength(1);
  expect(ofKind(log, 'run_ended')).toMatchObject([{ runId: run, data: { outcome: 'completed' } }]);
  const deliveries = ofKind(log, 'delivery');
  expect(deliveries.map(({ runId }) => runId)).toEqual(deliveries.map(() => run));
  await follower.upTo(log.length);
  expect(differences(log, follower.entries)).toEqual([]);
  return log;
}

describe.each(ways)('%s of an agent that takes it', (name, way) => {
  test('P2 P3 R2: is told as steering, heard within the run, and the run goes on', async () => {
    const at = await working('[[say begun]] [[listen 1]] [[say done]]');
    const id = newId();
    const input = { session: at.session, id, content: 'look left', ...way };
    const one = await told(place.socket, name, input);
    expect(one).toMatchObject({
      answer: { state: 'steering', run: at.run, duplicate: false, entry: { id } },
    });
    const log = await foldedInto(at, [one]);
    expect(said(log)).toEqual(['begun', 'heard: look left', 'done']);
    const again = await place.http.call(name, input);
    expect(again).toMatchObject({ duplicate: true, state: 'delivered', entry: { id } });
    expect(await place.log(at.session)).toEqual(log);
  });

  test('P1 L3: many at once are each heard once; of two with one id one is there', async () => {
    const at = await working('[[listen 9]]');
    const ids = Array.from({ length: 9 }, () => newId());
    // Each id twice, by different clients.
    const inputs = [...ids, ...ids].map((id) => {
      return { session: at.session, id, content: `turn ${id}`, ...way };
    });
    const all = await race(place, name, inputs);
    const { answers, codes } = sorted(all);
    expect(codes).toEqual([]);
    expect(answers.filter(({ duplicate }) => duplicate)).toHaveLength(9);
    expect(answers.every(({ state, run }) => state === 'delivered' || run === at.run)).toBe(true);
    const log = await foldedInto(at, all);
    expect(said(log).toSorted()).toEqual(ids.map((id) => `heard: turn ${id}`).toSorted());
    const prompts = ofKind(log, 'prompt').map(({ id }) => id);
    expect(ofKind(log, 'delivery').map(({ about }) => about)).toEqual(prompts);
  });

  test('R4 P3: what was not heard ends with the run that is aborted, and is told so', async () => {
    const { session, run, follower } = await working('[[wait]]');
    const input = { session, id: newId(), content: 'never heard', ...way };
    expect(await place.http.call(name, input)).toMatchObject({ state: 'steering', run });
    const aborted = await place.http.call('sessions.abort', { session, run, wait: true });
    expect(aborted).toMatchObject({ status: 'aborted', outcome: 'cancelled' });
    await follower.ended(run);
    const waiting = await place.http.call('queue.list', { session });
    const log = await place.log(session);
    expect(said(log)).toEqual([]);
    expect(
      faultsOf(
        log,
        waiting.items.map(({ prompt }) => prompt),
      ),
    ).toEqual([]);
  });

  test('P1 R7: a kill before, at or after the answer leaves it heard once, by the same run', async () => {
    for (const instant of ['before', 'at once', 'after'] as const) {
      const { session, run } = await working('[[listen 2]]');
      const input = { session, id: newId(), content: `cut ${instant}`, ...way };
      if (instant === 'after') {
        expect(await place.http.call(name, input)).toMatchObject({ state: 'steering', run });
      }
      const lost =
        instant === 'at once' ? place.http.call(name, input).catch(cutOff) : Promise.resolve(null);
      await place.daemon.kill();
      const first = await lost;
      await place.restarted();
      const all = [
        await told(place.http, name, input),
        await told(place.http, name, { ...input, id: newId(), content: 'second' }),
      ];
      if (instant === 'after' || first !== null) {
        expect(all[0]).toMatchObject({ answer: { duplicate: true } });
      }
      const follower = await place.follow(session);
      const log = await foldedInto({ session, run, follower }, all);
      expect(said(log)).toEqual([`heard: cut ${instant}`, 'heard: second']);
    }
  });

  test('P1 L3: an id with another content is refused, also while it is not heard', async () => {
    const { session } = await working('[[wait]]');
    const input = { session, id: newId(), content: 'one', ...way };
    await place.http.call(name, input);
    const other = place.http.call(name, { ...input, content: 'two' });
    expect(await refusal(other)).toMatchObject({ code: 'id_reused', field: 'id' });
    await place.http.call('sessions.abort', { session, wait: true });
  });

  testRefusals(() => place, name, [
    [
      'a session that is not there',
      { session: 'nobody', content: 'x', ...way },
      'not_found',
      'session',
    ],
    ['nothing', { session: 'a', content: '', ...way }, 'invalid', 'content'],
    [
      'a log that has moved on',
      async () => {
        const { session } = await working('[[wait]]');
        return { session, content: 'x', expectedHead: 'old', ...way };
      },
      'conflict',
      'expectedHead',
    ],
    [
      'a session that is deleted',
      async (all) => {
        const { id: session } = await all.session({ agent: 'claude', model: null });
        await all.http.call('sessions.delete', { session });
        return { session, content: 'x', ...way };
      },
      'not_found',
      'session',
    ],
  ]);
});

/** A call that got no answer; a refusal would be another error. */
function cutOff(error: NodeJS.ErrnoException): null {
  if (['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(error.code ?? '')) return null;
  throw error;
}
