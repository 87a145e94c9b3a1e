import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Dice } from './dice.ts';
import type { Follower } from './follower.ts';
import { differences, faultsOf, toldFaults } from './judge.ts';
import { newId, Place } from './place.ts';
import { type Asker, type Fields, type Operation, told, type Told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** Prompts of many lengths: some are over before the next command comes, some wait to be ended. */
const scripts = [
  '[[say short]]',
  '[[say one]] [[sleep 30]] [[say two]]',
  '[[long 4000]]',
  '[[pace 5]] [[say a b c d e f g h i j k l m n o p q r s t]]',
  '[[ask run echo asked]] [[say after]]',
  '[[question Which?|left|right]]',
  '[[say hangs]] [[hang]]',
];

/** Two clients who know of the session what the storm has made so far, and of each other nothing. */
interface Storm {
  session: string;
  dice: Dice;
  prompts: string[];
  told: Told[];
}

type Strike = (storm: Storm) => [Operation, Fields];

function send({ session, dice, prompts }: Storm): [Operation, Fields] {
  const id = newId();
  prompts.push(id);
  const delivery = dice.pick(['queue', 'queue', 'interrupt']);
  return ['sessions.send', { session, id, content: `${dice.pick(scripts)} ${id}`, delivery }];
}

const ofPrompt = ({ dice, prompts }: Storm): string => dice.pick([...prompts.slice(-4), newId()]);

const strikes: readonly Strike[] = [
  send,
  send,
  send,
  ({ session, dice, prompts }) => {
    const id = newId();
    prompts.push(id);
    return ['sessions.steer', { session, id, content: `${dice.pick(scripts)} ${id}` }];
  },
  ({ session, dice }) => [
    'sessions.abort',
    { session, wait: dice.roll(2) === 0, queue: dice.pick(['keep', 'keep', 'withdraw']) },
  ],
  ({ session, dice }) => ['sessions.abort', { session, force: dice.roll(4) === 0 }],
  ({ session }) => ['sessions.patch', { session, title: `title ${newId()}` }],
  (storm) => [
    'queue.edit',
    { session: storm.session, prompt: ofPrompt(storm), content: `[[say edited]] ${newId()}` },
  ],
  (storm) => ['queue.withdraw', { session: storm.session, prompt: ofPrompt(storm) }],
  (storm) => [
    'queue.move',
    { session: storm.session, prompt: ofPrompt(storm), to: 1 + storm.dice.roll(3) },
  ],
  ({ session }) => ['queue.release', { session }],
  ({ session, dice }) => ['sessions.compact', { session, keep: 1 + dice.roll(4) }],
  ({ session }) => [
    'sessions.append',
    { session, entries: [{ id: newId(), raw: { from: 'storm' } }, { raw: 'nameless' }] },
  ],
];

/** Sends a few commands without waiting, and then for all answers; decides what is open. */
async function strike(asker: Asker, storm: Storm): Promise<void> {
  const { session, dice } = storm;
  const asked = Array.from({ length: 1 + dice.roll(4) }, async () => {
    const [name, input] = dice.pick(strikes)(storm);
    storm.told.push(await told(asker, name, input));
  });
  await Promise.all(asked);
  const { approvals } = await asker.call('approvals.list', { session });
  const decisions = approvals.map(async ({ entry }) => {
    const choice =
      entry.kind === 'question' ? { answer: { answer: 'left' } } : { verdict: 'allow' };
    const input = { session, approval: entry.id, ...choice };
    storm.told.push(await told(asker, 'approvals.decide', input));
  });
  await Promise.all(decisions);
}

const storms = 6;
const strikesEach = 25;
/** Commands come at other moments of a run each time. */
const longestPauseMs = 80;

test.each(Array.from({ length: storms }, (_, at) => 101 + at))(
  'R1 R2 P3 L2 V2 A1: two clients command one session at once, in any order (seed %i)',
  async (seed) => {
    const { id: session } = await place.session();
    await place.run(session, '[[say The host is open.]]');
    const followers: Follower[] = [await place.follow(session), await place.follow(session)];
    const storm: Storm = { session, dice: new Dice(seed), prompts: [], told: [] };
    const clients: Asker[] = [place.http, await place.open()];
    const play = async (client: Asker) => {
      for (let at = 0; at < strikesEach; at++) {
        await strike(client, storm);
        await setTimeout(storm.dice.roll(longestPauseMs));
      }
    };
    await Promise.all(clients.map(play));
    await place.calm(session);
    const log = await place.log(session);
    await Promise.all(followers.map((follower) => follower.upTo(log.length)));

    expect(faultsOf(log)).toEqual([]);
    expect(toldFaults(log, storm.told)).toEqual([]);
    for (const { entries } of followers) expect(differences(log, entries)).toEqual([]);
    const done = storm.told.filter((one) => 'answer' in one);
    expect(done.length).toBeGreaterThan(strikesEach);
    expect(new Set(done.map(({ name }) => name)).size).toBeGreaterThan(6);
  },
);
