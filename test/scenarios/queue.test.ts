import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences, faultsOf, toldFaults } from './judge.ts';
import { newId, Place, textOf } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';
import { refusal, type Told } from './wire.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

/** A session whose run works on, and behind it prompts that wait. */
async function waiting(count: number): Promise<{ session: string; prompts: string[] }> {
  const { id: session } = await place.session();
  const follower = await place.follow(session);
  await place.http.call('sessions.send', { session, content: '[[say on]] [[hang]]' });
  await follower.until('delivery', ({ kind }) => kind === 'delivery');
  const prompts = Array.from({ length: count }, () => newId());
  for (const [at, id] of prompts.entries()) {
    await place.http.call('sessions.send', { session, id, content: `[[say ${at}]]` });
  }
  return { session, prompts };
}

/** Ends the run and lets the queue go: what was delivered, in order, without the first. */
async function flush(session: string): Promise<{ about: string; text: string }[]> {
  await place.http.call('sessions.abort', { session, wait: true });
  await place.http.call('queue.release', { session });
  await place.watcher.rest(session);
  const log = await place.log(session);
  expect(faultsOf(log)).toEqual([]);
  return log
    .filter(({ kind }) => kind === 'delivery')
    .slice(1)
    .map((entry) => ({ about: entry.about!, text: textOf(entry) }));
}

const listed = async (session: string) =>
  (await place.http.call('queue.list', { session })).items.map(({ prompt }) => prompt);

const refused = [
  ['an unknown session', { session: 'nobody', prompt: 'a' }, 'not_found', 'session'],
  [
    'a prompt that nobody sent',
    async (all: Place) => ({ session: (await all.session()).id, prompt: 'nothing' }),
    'not_found',
    'prompt',
  ],
  [
    'a prompt that is with the agent',
    async () => {
      const { session } = await waiting(0);
      const [prompt] = (await place.log(session)).filter(({ kind }) => kind === 'prompt');
      return { session, prompt: prompt!.id };
    },
    'conflict',
    'prompt',
  ],
] as const;
type Given = (typeof refused)[number];
const withField = (name: string, value: unknown) =>
  refused.map(([why, input, code, field]: Given) => {
    const more = async (all: Place) => ({
      ...(typeof input === 'function' ? await input(all) : input),
      [name]: value,
    });
    return [why, more, code, field] as const;
  });

describe('queue.list', () => {
  test('P2: lists what waits, in order, and whether it is held', async () => {
    const { session, prompts } = await waiting(3);
    const { held, items } = await place.http.call('queue.list', { session });
    expect(held).toBe(false);
    expect(items.map(({ prompt, position }) => [position, prompt])).toEqual(
      prompts.map((prompt, at) => [at + 1, prompt]),
    );
    expect(items[1]?.content).toEqual([{ type: 'text', text: '[[say 1]]' }]);
    await place.http.call('sessions.abort', { session, wait: true });
    const after = await place.socket.call('queue.list', { session });
    expect(after).toEqual({ session, held: true, items });
  });

  testRefusals(() => place, 'queue.list', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
  ]);
});

describe('queue.edit', () => {
  test('P2 S7: the agent gets what the prompt says then, and the log keeps what it said', async () => {
    const { session, prompts } = await waiting(2);
    const content = '[[say edited]]';
    const edit = { session, prompt: prompts[1]!, content };
    const { item } = await place.http.call('queue.edit', edit);
    expect(item).toMatchObject({ prompt: prompts[1], position: 2, edited: true });
    expect(item.content).toEqual([{ type: 'text', text: content }]);
    const delivered = await flush(session);
    expect(delivered.map(({ text }) => text)).toEqual(['[[say 0]]', content]);
    const log = await place.log(session);
    expect(textOf(log.find(({ id }) => id === prompts[1])!)).toBe('[[say 1]]');
  });

  test('P1 P2: at once with its delivery: what was told to be done is what the agent got', async () => {
    for (const gap of [0, 1, 2, 4]) {
      const { session, prompts } = await waiting(3);
      await place.http.call('sessions.abort', { session, wait: true });
      const inputs = prompts.flatMap((prompt) => [
        { session, prompt, content: `[[say ${newId()}]]` },
        { session, prompt, content: `[[say ${newId()}]]` },
      ]);
      const [told] = await Promise.all([
        race(place, 'queue.edit', inputs, gap),
        race(place, 'queue.release', [{ session }, { session }], gap),
      ]);
      await place.watcher.rest(session);
      const log = await place.log(session);
      expect(faultsOf(log)).toEqual([]);
      expect(toldFaults(log, told as Told[])).toEqual([]);
      for (const prompt of prompts) {
        const last = log.findLast(({ about, data }) => {
          return about === prompt && data['change'] === 'edited';
        });
        const delivery = log.find(({ kind, about }) => kind === 'delivery' && about === prompt);
        const source = last ?? log.find(({ id }) => id === prompt)!;
        expect(textOf(delivery!)).toBe(textOf(source));
      }
    }
  });

  testRefusals(() => place, 'queue.edit', [
    ...withField('content', 'x'),
    ['no content', { session: 'a', prompt: 'a', content: '' }, 'invalid', 'content'],
  ]);
});

describe('queue.move', () => {
  test('P2: gives a prompt another place; beyond the end is the end', async () => {
    const { session, prompts } = await waiting(3);
    const [a, b, c] = prompts as [string, string, string];
    const first = await place.http.call('queue.move', { session, prompt: c, to: 1 });
    expect(first.item).toMatchObject({ prompt: c, position: 1 });
    const last = await place.http.call('queue.move', { session, prompt: a, to: 99 });
    expect(last.item).toMatchObject({ prompt: a, position: 3 });
    expect(await listed(session)).toEqual([c, b, a]);
    const delivered = await flush(session);
    expect(delivered.map(({ about }) => about)).toEqual([c, b, a]);
  });

  test('P2 V2: many at once end in one order, which all see', async () => {
    const { session, prompts } = await waiting(5);
    const followers = [await place.follow(session), await place.follow(session)];
    const inputs = Array.from({ length: 15 }, (_, at) => {
      return { session, prompt: prompts[at % 5]!, to: 1 + ((at * 3) % 5) };
    });
    const { codes } = sorted(await race(place, 'queue.move', inputs));
    expect(codes).toEqual([]);
    const order = await listed(session);
    const log = await place.log(session);
    let replayed = [...prompts];
    for (const { data, about } of log.filter((entry) => entry.data['change'] === 'moved')) {
      replayed = replayed.filter((prompt) => prompt !== about);
      replayed.splice((data['to'] as number) - 1, 0, about!);
    }
    expect(replayed).toEqual(order);
    for (const follower of followers) {
      await follower.upTo(log.length);
      expect(differences(log, follower.entries)).toEqual([]);
    }
    expect((await flush(session)).map(({ about }) => about)).toEqual(order);
  });

  testRefusals(() => place, 'queue.move', [
    ...withField('to', 1),
    ['a place before the first', { session: 'a', prompt: 'a', to: 0 }, 'invalid', 'to'],
  ]);
});

describe('queue.withdraw', () => {
  test('P3: takes a prompt out for good', async () => {
    const { session, prompts } = await waiting(2);
    const withdrawn = { session, prompt: prompts[0]! };
    const { queued } = await place.http.call('queue.withdraw', withdrawn);
    expect(queued).toBe(1);
    const again = await refusal(place.http.call('queue.withdraw', withdrawn));
    expect(again).toMatchObject({ code: 'not_found', field: 'prompt' });
    const sent = { session, id: prompts[0]!, content: '[[say 0]]' };
    const state = await place.http.call('sessions.send', sent);
    expect(state).toMatchObject({ duplicate: true, state: 'withdrawn' });
    expect((await flush(session)).map(({ about }) => about)).toEqual([prompts[1]]);
  });

  test('P3: at once with edits, moves and the release each prompt has one fate, as it was told', async () => {
    for (const gap of [0, 1, 3]) {
      const { session, prompts } = await waiting(6);
      await place.http.call('sessions.abort', { session, wait: true });
      const each = prompts.map((prompt) => ({ session, prompt }));
      const all = await Promise.all([
        race(place, 'queue.withdraw', [...each, ...each], gap),
        race(
          place,
          'queue.edit',
          each.map((one) => ({ ...one, content: newId() })),
          gap,
        ),
        race(
          place,
          'queue.move',
          each.map((one) => ({ ...one, to: 1 })),
          gap,
        ),
        race(place, 'queue.release', [{ session }, { session }], gap * 4),
      ]);
      await place.calm(session);
      const log = await place.log(session);
      expect(faultsOf(log)).toEqual([]);
      expect(toldFaults(log, all.flat() as Told[])).toEqual([]);
    }
  });

  testRefusals(() => place, 'queue.withdraw', refused);
});

describe('queue.release', () => {
  test('P3: lets a held queue go on, and does nothing where none is held', async () => {
    const { session } = await waiting(1);
    await place.http.call('sessions.abort', { session, wait: true });
    expect(await place.watcher.rest(session)).toMatchObject({ held: true, queued: 1 });
    const released = await place.http.call('queue.release', { session });
    expect(released).toMatchObject({ queued: 0, run: expect.any(String) as string });
    await place.watcher.rest(session);
    const { length } = await place.log(session);
    expect(await place.http.call('queue.release', { session })).toMatchObject({ run: null });
    expect(await place.log(session)).toHaveLength(length);
  });

  test('R1 P3: many at once begin one run after the other', async () => {
    const { session, prompts } = await waiting(4);
    await place.http.call('sessions.abort', { session, wait: true });
    const inputs = Array.from({ length: 9 }, () => ({ session }));
    expect(sorted(await race(place, 'queue.release', inputs)).codes).toEqual([]);
    await place.watcher.rest(session);
    const log = await place.log(session);
    expect(faultsOf(log)).toEqual([]);
    expect(log.filter(({ data }) => data['change'] === 'released')).toHaveLength(1);
    const delivered = log.filter(({ kind }) => kind === 'delivery').map(({ about }) => about);
    expect(delivered.slice(1)).toEqual(prompts);
  });

  testRefusals(() => place, 'queue.release', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    [
      'a draft without a directory',
      async ({ http }) => {
        const { session } = await http.call('sessions.create', { draft: true });
        return { session: session.id };
      },
      'invalid',
      'cwd',
    ],
  ]);
});
