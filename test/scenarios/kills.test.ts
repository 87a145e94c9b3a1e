import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultsOf } from './judge.ts';
import { kills } from './kills.ts';
import { Place } from './place.ts';
import { type Answers, type Entry, type Fields, type Operation, refusal, told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

interface UnderWay {
  name: Operation;
  session: string;
  input: Fields;
  first: Answers[Operation] | null;
}

/** The log of a session whose run has ended; none of one that is deleted. */
async function logAtRest(name: Operation, session: string): Promise<Entry[]> {
  if (name === 'sessions.delete') {
    const refused = await refusal(place.http.call('sessions.get', { session }));
    expect(refused.code).toBe('not_found');
    return [];
  }
  await place.calm(session);
  return place.log(session);
}

/** Milliseconds from the request to the kill; `answered`: all of them had their answers. */
const instants = [0, 2, 5, 9, 15, 30, 'answered'] as const;

test.each(instants)(
  'L1 L3 R7 P1 P3: every command is cut off (%s ms), asked again of the next daemon, and done once',
  async (instant) => {
    const names = Object.keys(kills) as (keyof typeof kills)[];
    const prepared = await Promise.all(
      names.map(async (name) => ({ name, ...(await kills[name]!.prepare(place)) })),
    );
    const calls = prepared.map(async ({ name, session, input }): Promise<UnderWay> => {
      const first = await place.http.call(name, input).catch((error: NodeJS.ErrnoException) => {
        // Cut off; a refusal would be another error.
        if (['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(error.code ?? '')) return null;
        throw error;
      });
      return { name, session, input, first };
    });
    if (instant === 'answered') await Promise.all(calls);
    else await setTimeout(instant);
    await place.daemon.kill();
    const cut = await Promise.all(calls);
    await place.restarted();

    for (const { name, session, input, first } of cut) {
      const again = await told(place.http, name, input);
      const log = await logAtRest(name, session);
      expect(faultsOf(log)).toEqual([]);
      const { check } = kills[name] as { check: (given: object) => void | Promise<void> };
      await check({ place, session, input, first, again, log });
    }
    expect(await place.http.call('server.check')).toEqual({ faults: [], more: 0 });
    const answered = cut.filter(({ first }) => first !== null).length;
    if (instant === 'answered') expect(answered).toBe(cut.length);
  },
);
