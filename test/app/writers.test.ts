import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, RefusalError } from '../../src/client/index.ts';
import { check, Place } from './place.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

interface Where {
  head: string | null;
  conflicts: number;
}

/** Appends a node behind the head that it knows; where that has moved, waits a while and follows it. */
async function write(client: Client, session: string, id: string, where: Where): Promise<void> {
  for (let tries = 0; ; tries++) {
    const entries = [{ id, parentId: where.head, raw: { id, tries } }];
    try {
      const answer = await client.sessions.append({
        session,
        entries,
        expect: { head: where.head },
      });
      expect(answer.head).toBe(id);
      where.head = id;
      // The answer may have been lost: asked again, it is the same.
      const again = await client.sessions.append({ session, entries });
      expect(again.entries).toEqual([{ ...answer.entries[0], duplicate: true }]);
      return;
    } catch (error) {
      if (!(error instanceof RefusalError) || error.refusal.code !== 'conflict') throw error;
      const { head, seq, epoch } = error.refusal.data as { head: string } & Record<string, number>;
      expect([seq, epoch]).toEqual([expect.any(Number), 1]);
      where.head = head;
      where.conflicts += 1;
      await sleep(randomInt(1 << Math.min(tries, 6)));
    }
  }
}

test('L3 L5: two writers of one conversation who follow conflicts with a back-off lose nothing and branch nothing', async () => {
  const talk = await place.session();
  const { client, session } = talk;
  const writers = ['a', 'b'].map(async (name) => {
    const where: Where = { head: null, conflicts: 0 };
    for (let n = 0; n < 20; n++) await write(client, session, `${name}${n}`, where);
    return where.conflicts;
  });
  const conflicts = await Promise.all(writers);
  expect(Math.max(...conflicts)).toBeGreaterThan(0);
  const { entries } = await talk.whole();
  const nodes = entries.filter(({ kind }) => kind === 'external');
  for (const name of ['a', 'b']) {
    const own = nodes.map(({ id }) => id).filter((id) => id.startsWith(name));
    expect(own).toEqual(Array.from({ length: 20 }, (_, n) => `${name}${n}`));
  }
  // A chain: every node but the last is the parent of one other.
  const before = [null, ...nodes.map(({ id }) => id)];
  expect(nodes.map(({ parentId }) => parentId)).toEqual(before.slice(0, -1));
  await check(talk);
});
