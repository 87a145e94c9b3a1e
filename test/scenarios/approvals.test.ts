import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsOf, toldFaults } from './judge.ts';
import { newId, Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { type Entry, type Fields, refusal, type Told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** A session whose agent asks. */
async function asked(content: string): Promise<{ session: string; approval: Entry; run: string }> {
  const { id: session } = await place.session();
  const follower = await place.follow(session);
  const { run } = await place.http.call('sessions.send', { session, content });
  const approval = await follower.until('a question', ({ kind }) => {
    return kind === 'approval' || kind === 'question';
  });
  return { session, approval, run: run! };
}

const noSession = ['not_found', 'session'] as const;
const mark = () => `mark-${newId()}`;
const made = (name: string) =>
  access(path.join(place.cwd, name)).then(
    () => true,
    () => false,
  );

describe('approvals.list', () => {
  test('A2: shows what is open, of one session and over all, to who comes late too', async () => {
    const one = await asked(`[[ask run touch ${mark()}]]`);
    const two = await asked('[[question Which?|left|right]]');
    const ofOne = await place.http.call('approvals.list', { session: one.session });
    expect(ofOne.approvals).toEqual([{ session: one.session, entry: one.approval }]);
    const { approvals } = await place.http.call('approvals.list');
    const ids = approvals.map(({ entry }) => entry.id);
    expect(ids).toEqual(expect.arrayContaining([one.approval.id, two.approval.id]));
    const late = await place.open();
    const { openApprovals, row } = await late.call('feeds.open', { session: two.session });
    expect(openApprovals).toEqual([two.approval]);
    expect(row).toMatchObject({ status: 'waiting', openApprovals: 1 });
  });

  testRefusals(() => place, 'approvals.list', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['too many', { limit: 500 }, 'invalid', 'limit'],
  ]);
});

describe('approvals.decide', () => {
  test('A1 S7: what is allowed is done, what is denied is not, and a question gets its answer', async () => {
    for (const [choice, outcome] of [
      [{ verdict: 'allow' }, 'allowed'],
      [{ verdict: 'deny', message: 'not here' }, 'denied'],
      [{ option: 'allow_always' }, 'allowed'],
      [{ option: 'reject_once' }, 'denied'],
    ] as const) {
      const name = mark();
      const { session, approval } = await asked(`[[ask run touch ${name}]]`);
      const input = { session, approval: approval.id, ...choice };
      const answer = await place.http.call('approvals.decide', input);
      expect(answer.outcome).toBe(outcome);
      await place.watcher.rest(session);
      expect(await made(name)).toBe(outcome === 'allowed');
      const log = await place.log(session);
      expect(faultsOf(log)).toEqual([]);
      const decision = log[answer.decision.seq - 1];
      expect(decision).toMatchObject({ kind: 'decision', about: approval.id, data: { outcome } });
      expect(decision?.by).toMatchObject({ type: 'client', client: 'scenario' });
    }
    const { session, approval } = await asked('[[question Which?|left|right]]');
    const input = { session, approval: approval.id, answer: { answer: 'right' } };
    await place.socket.call('approvals.decide', input);
    const row = await place.watcher.rest(session);
    expect(row.lastMessage).toContain('right');
  });

  test('A1: of many at once one decides, and all others are told who and what', async () => {
    for (const gap of [0, 0, 1, 2]) {
      const name = mark();
      const { session, approval } = await asked(`[[ask run echo x >> ${name}]]`);
      const inputs = Array.from({ length: 9 }, (_, at) => ({
        session,
        approval: approval.id,
        verdict: at % 2 === 0 ? 'allow' : 'deny',
      }));
      const all = await race(place, 'approvals.decide', inputs, gap);
      const { answers, codes } = sorted(all);
      expect(answers).toHaveLength(1);
      expect(codes).toEqual(Array(8).fill('already_decided'));
      const { decision, outcome } = answers[0]!;
      for (const one of all) {
        if ('refused' in one) {
          expect(one.refused.data).toMatchObject({ decision: decision.id, outcome });
        }
      }
      await place.watcher.rest(session);
      const log = await place.log(session);
      expect(faultsOf(log)).toEqual([]);
      expect(toldFaults(log, all as Told[])).toEqual([]);
      expect(await made(name)).toBe(outcome === 'allowed');
      if (outcome !== 'allowed') continue;
      expect(await readFile(path.join(place.cwd, name), 'utf8')).toBe('x\n');
    }
  });

  test('A3 R2: at once with an abort either is told, and the log says which was first', async () => {
    for (const gap of [0, 1, 2, 4]) {
      const { session, approval, run } = await asked(`[[ask run touch ${mark()}]] [[sleep 30]]`);
      const decide = { session, approval: approval.id, verdict: 'allow' };
      const [decided, aborted] = await Promise.all([
        race(place, 'approvals.decide', [decide, decide], gap),
        race(place, 'sessions.abort', [{ session, wait: true }], 2),
      ]);
      await place.watcher.rest(session);
      const log = await place.log(session);
      expect(faultsOf(log)).toEqual([]);
      expect(toldFaults(log, [...decided, ...aborted] as Told[])).toEqual([]);
      const end = log.find(({ kind, runId }) => kind === 'run_ended' && runId === run);
      const [decision] = log.filter(({ about }) => about === approval.id);
      expect(decision!.seq).toBeLessThan(end!.seq);
      const { answers } = sorted(decided);
      expect(decision?.data['outcome']).toBe(answers.length === 1 ? 'allowed' : 'withdrawn');
    }
  });

  test('A2: deciding one of two leaves the other open', async () => {
    const one = await asked(`[[ask run touch ${mark()}]]`);
    const two = await asked(`[[ask run touch ${mark()}]]`);
    const input = { session: one.session, approval: one.approval.id, verdict: 'deny' };
    await place.http.call('approvals.decide', input);
    const { session: row } = await place.http.call('sessions.get', { session: two.session });
    expect(row).toMatchObject({ status: 'waiting', openApprovals: 1 });
  });

  test('A2: what was open survives a kill, and is decided by who comes then', async () => {
    const name = mark();
    const { session, approval } = await asked(`[[ask run touch ${name}]] [[say went on]]`);
    await place.restart();
    const { approvals } = await place.http.call('approvals.list', { session });
    expect(approvals).toEqual([{ session, entry: approval }]);
    const input = { session, approval: approval.id, verdict: 'allow' };
    await place.http.call('approvals.decide', input);
    const row = await place.watcher.rest(session);
    expect(row.lastMessage).toContain('went on');
    expect(await made(name)).toBe(true);
    await place.restart();
    const late = await refusal(place.http.call('approvals.decide', input));
    expect(late).toMatchObject({ code: 'already_decided', field: 'approval' });
  });

  testRefusals(() => place, 'approvals.decide', [
    ['an unknown session', { session: 'nobody', approval: 'a', verdict: 'allow' }, ...noSession],
    ['an unknown approval', async (all) => ofFresh(all), 'not_found', 'approval'],
    ['nothing', { session: 'a', approval: 'a' }, 'invalid', 'option'],
    [
      'two ways at once',
      { session: 'a', approval: 'a', verdict: 'allow', option: 'x' },
      'invalid',
      'option',
    ],
    ['an option that is not offered', () => ofAsked({ option: 'maybe' }), 'invalid', 'option'],
    ['an answer to an approval', () => ofAsked({ answer: 'yes' }), 'invalid', 'answer'],
    [
      'an option for a question',
      () => ofAsked({ option: 'left' }, '[[question Which?|left|right]]'),
      'invalid',
      'answer',
    ],
  ]);
});

const ofFresh = async (all: Place) => {
  return { session: (await all.session()).id, approval: 'nothing', verdict: 'allow' };
};
async function ofAsked(choice: Fields, content = `[[ask run touch ${mark()}]]`): Promise<Fields> {
  const { session, approval } = await asked(content);
  return { session, approval: approval.id, ...choice };
}
