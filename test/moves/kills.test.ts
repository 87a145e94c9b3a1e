import { beforeAll, describe, expect, test } from 'vitest';
import { Closing, Machine, nameOf } from './machine.ts';
import { type Held, WireTap } from './wire-tap.ts';

/** Every request of a move, before the other daemon gets it and before its answer comes back. */
const instants: readonly Held[] = [
  'moves.offer',
  'sessions.import',
  'moves.activate',
  'moves.withdraw',
].flatMap((operation) => [
  { operation, when: 'before' as const },
  { operation, when: 'after' as const },
]);

const victims = [['source'], ['target'], ['source', 'target'], []] as const;

interface Two {
  source: Machine;
  target: Machine;
  tap: WireTap;
}

let two: Two;
beforeAll(async () => {
  const closing = new Closing();
  const open = (): Promise<Machine> => Machine.open(closing.add);
  const [source, target] = await Promise.all([open(), open()]);
  two = { source, target, tap: await WireTap.open(target.url) };
  closing.add(() => two.tap.close());
  return closing.all;
}, 60_000);

const begin = ({ source, target, tap }: Two, session: string): Promise<unknown> =>
  source.client.moves.begin(
    { session, to: { url: tap.url, token: target.token }, cwd: target.cwd },
    { tries: 1 },
  );

/** Exactly one of them takes a prompt; the other says why not. */
async function theOne({ source, target }: Two, session: string): Promise<Machine> {
  const here = await source.refuses(session);
  const there = await target.refuses(session);
  expect([here, there].filter((refusal) => refusal === null)).toHaveLength(1);
  if (here !== null) expect(here.code).toBe('fenced');
  if (there !== null) expect(['not_found', 'busy']).toContain(there.code);
  const one = here === null ? source : target;
  await one.ended(session, (await one.client.sessions.get({ session })).session.activeRun?.id);
  return one;
}

/** One log is the beginning of the other. */
async function sameUpTo({ source, target }: Two, session: string): Promise<void> {
  const here = (await source.log(session)).map(nameOf);
  const there = (await target.log(session).catch(() => [])).map(nameOf);
  const both = Math.min(here.length, there.length);
  expect(there.slice(0, both)).toEqual(here.slice(0, both));
}

describe.each(victims.map((names) => ({ names, who: names.join(' and ') || 'nobody' })))(
  'when $who is killed',
  ({ names }) => {
    test.each(instants)(
      'M2 M3: and $operation is lost $when it arrives, exactly one copy goes on, and the move can be done',
      async (held) => {
        const { source, target, tap } = two;
        const session = await source.session();
        await source.run(session, '[[say one]] [[write a.txt|x]]');
        const reached = tap.hold(held);
        const begun = begin(two, session).catch((error: unknown) => error);
        await reached;
        const dying = { source, target };
        await Promise.all(names.map((name) => dying[name].kill()));
        tap.lose();
        await Promise.all(names.map((name) => dying[name].start()));
        await begun;
        await source.settled(session);
        const one = await theOne(two, session);
        await sameUpTo(two, session);
        if (one === source) {
          await begin(two, session);
          const { phase, error } = await source.move(session, ({ endedAt }) => endedAt !== null);
          expect({ phase, error }).toEqual({ phase: 'done', error: null });
          expect(await theOne(two, session)).toBe(target);
          await sameUpTo(two, session);
        }
        for (const { client } of [source, target]) {
          expect(await client.server.check({})).toEqual({ faults: [], more: 0 });
        }
        expect(await target.client.moves.list({})).toMatchObject({ arrivals: [] });
      },
      60_000,
    );
  },
);
